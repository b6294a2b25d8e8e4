"""A distribution of methods that do what methods must not do."""

from tests.support.distributions import Distribution, method

BODIES = {
    "segfault": "import ctypes; ctypes.string_at(0)",
    "c_loop": """
        import re  # the match runs in C for longer than the universe has, and never lets go of the interpreter
        re.match('(a+)+$', 'a' * 64 + 'b')
    """,
    "deadlock": """
        import ctypes  # a library that keeps the interpreter, and waits for a lock that it holds: nothing is computed
        lock = ctypes.create_string_buffer(64)
        for _ in range(2):
            ctypes.PyDLL(None).pthread_mutex_lock(lock)
    """,
    "exits": "import os; os._exit(3)",
    "exits_well": "import os; os._exit(0)",
    "nameless": "import os; os.kill(os.getpid(), 40)",  # a signal that the system keeps for programs, and no name
    "system_exit": "raise SystemExit(4)",
    "raises": "raise ZeroDivisionError('one over nothing')",
    "memory": "return Proposal(Status.OPTIMAL, weights=np.ones(2**36))",
    "memory_error": "raise MemoryError",
    "hog": """
        held = []
        while True:
            held.append(np.empty(2**24))
    """,
    "wrong_shape": "return Proposal(Status.OPTIMAL, weights=np.ones(len(problem.universe) + 1))",
    "matrix": "return Proposal(Status.OPTIMAL, weights=np.ones((2, 2)))",
    "not_a_number": "return Proposal(Status.OPTIMAL, weights=np.full(len(problem.universe), np.nan))",
    "breaks_the_budget": "return Proposal(Status.OPTIMAL, weights=np.ones(len(problem.universe)))",
    "lies": """
        weights = np.zeros(len(problem.universe))
        weights[0] = 1.0
        return Proposal(Status.OPTIMAL, weights=weights, witness=Witness({'budget': 1e9, 'nobody': float('nan')}))
    """,
    "returns_nothing": "return None",
    "strange_witness": "return Proposal(Status.OPTIMAL, np.ones(3), Witness(cuts={'x': np.ones((2, 2))}))",
    "text_for_weights": "return Proposal(Status.OPTIMAL, weights=['a', 'b', 'c'])",
    "refuses": """
        from tangency.domain.errors import Unsupported
        raise Unsupported.at(('constraints', 'max_weight'), 'is not to my liking.', 'taste')
    """,
    "gives_up": """
        from tangency.domain.errors import NumericalFailure
        raise NumericalFailure('lost all digits')
    """,
    "prints": """
        import os, sys
        print('printed'); os.write(1, b'written'); sys.stdout.flush()
        return Proposal(Status.FEASIBLE, weights=np.full(len(problem.universe), 1 / len(problem.universe)))
    """,
    "leaves_a_child": """
        import subprocess, sys, time
        subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', problem.options['mark']])
        time.sleep(600)
    """,
    "leaves_a_child_behind": """
        import subprocess, sys
        subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', problem.options['mark']])
        return Proposal(Status.FEASIBLE, weights=np.full(len(problem.universe), 1 / len(problem.universe)))
    """,
    "abandons_a_child": """
        import os, subprocess, sys
        subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', problem.options['mark']])
        os._exit(3)
    """,
    "sleeps": "import time; time.sleep(problem.options['seconds']); return Proposal(Status.NUMERICAL_ERROR)",
    "process": "return Proposal(Status.NUMERICAL_ERROR, message=str(__import__('os').getpid()))",
}

ESTIMATORS = """
class Crashing:
    name = 'crashing'
    citation = 'Nobody.'
    options = NoOptions
    def mean(self, sample, covariance, options): return [1.0]
    def covariance(self, sample, options): raise KeyError('no such moment')
"""

OPTIONS = """
@dataclass(frozen=True)
class Options:
    seconds: float = 0.0
    mark: str = ''
"""

EVERY_KIND = "Capabilities(objectives=frozenset({'MIN_VOLATILITY'}), constraints=frozenset({'budget', 'long_only'}))"


def class_of(name: str) -> str:
    return "Evil" + name.title().replace("_", "")


EVIL = Distribution(
    "evil-methods",
    OPTIONS
    + ESTIMATORS
    + "\n".join(
        method(name, body, class_of(name), capabilities=EVERY_KIND, options="Options") for name, body in BODIES.items()
    ),
    methods={"broken": "Missing", **{name: class_of(name) for name in BODIES}},
    estimators={"crashing": "Crashing"},
)
