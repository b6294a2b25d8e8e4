"""Protobuf files, compiled as a client would, and messages of theirs beside ours in one process."""

import sys
from pathlib import Path
from subprocess import run
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from tests.architecture.source_tree import REPOSITORY

SEED = Path(__file__).parent / "seed" / "portfolio_optimization.proto"
OWN = REPOSITORY / "src/tangency/adapters/grpc/portfolio_optimization/v1/portfolio_optimization.proto"
PACKAGE = "portfolio_optimization.v1"


def protoc(*arguments: object) -> None:
    """Run the compiler."""
    run([sys.executable, "-m", "grpc_tools.protoc", *map(str, arguments)], check=True, capture_output=True)


class Compiled:
    """A file in a pool of its own: two files of one package cannot share one."""

    def __init__(self, file: Path, folder: Path) -> None:
        written = folder / "descriptors"
        protoc(f"-I{file.parent}", f"--descriptor_set_out={written}", "--include_imports", file)
        found = descriptor_pb2.FileDescriptorSet.FromString(written.read_bytes())
        self.pool = descriptor_pool.DescriptorPool()
        for each in found.file:
            self.pool.AddSerializedFile(each.SerializeToString())
        self.file = found.file[-1]

    def message(self, name: str, **fields: Any) -> Message:
        """A message of a kind."""
        kind = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        made: Message = kind(**fields)
        return made
