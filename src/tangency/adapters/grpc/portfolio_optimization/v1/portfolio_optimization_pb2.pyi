import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateOptimizationRequest(_message.Message):
    __slots__ = ("portfolio_id", "optimization_type", "objective", "risk_measure", "constraints", "preferences", "problem")
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    RISK_MEASURE_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    portfolio_id: str
    optimization_type: str
    objective: str
    risk_measure: str
    constraints: OptimizationConstraints
    preferences: OptimizationPreferences
    problem: _struct_pb2.Struct
    def __init__(self, portfolio_id: _Optional[str] = ..., optimization_type: _Optional[str] = ..., objective: _Optional[str] = ..., risk_measure: _Optional[str] = ..., constraints: _Optional[_Union[OptimizationConstraints, _Mapping]] = ..., preferences: _Optional[_Union[OptimizationPreferences, _Mapping]] = ..., problem: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class OptimizationConstraints(_message.Message):
    __slots__ = ("max_position_size", "min_position_size", "max_sector_exposure", "max_asset_class_exposure", "max_turnover", "target_volatility", "min_weights", "max_weights")
    class MinWeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class MaxWeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    MAX_POSITION_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_SECTOR_EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    MAX_ASSET_CLASS_EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    MAX_TURNOVER_FIELD_NUMBER: _ClassVar[int]
    TARGET_VOLATILITY_FIELD_NUMBER: _ClassVar[int]
    MIN_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    MAX_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    max_position_size: float
    min_position_size: float
    max_sector_exposure: float
    max_asset_class_exposure: float
    max_turnover: float
    target_volatility: float
    min_weights: _containers.ScalarMap[str, float]
    max_weights: _containers.ScalarMap[str, float]
    def __init__(self, max_position_size: _Optional[float] = ..., min_position_size: _Optional[float] = ..., max_sector_exposure: _Optional[float] = ..., max_asset_class_exposure: _Optional[float] = ..., max_turnover: _Optional[float] = ..., target_volatility: _Optional[float] = ..., min_weights: _Optional[_Mapping[str, float]] = ..., max_weights: _Optional[_Mapping[str, float]] = ...) -> None: ...

class OptimizationPreferences(_message.Message):
    __slots__ = ("risk_aversion", "include_transaction_costs", "consider_tax_implications", "transaction_cost_model", "cost_model")
    RISK_AVERSION_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_TRANSACTION_COSTS_FIELD_NUMBER: _ClassVar[int]
    CONSIDER_TAX_IMPLICATIONS_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_COST_MODEL_FIELD_NUMBER: _ClassVar[int]
    COST_MODEL_FIELD_NUMBER: _ClassVar[int]
    risk_aversion: float
    include_transaction_costs: bool
    consider_tax_implications: bool
    transaction_cost_model: float
    cost_model: _struct_pb2.Value
    def __init__(self, risk_aversion: _Optional[float] = ..., include_transaction_costs: _Optional[bool] = ..., consider_tax_implications: _Optional[bool] = ..., transaction_cost_model: _Optional[float] = ..., cost_model: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class CreateOptimizationResponse(_message.Message):
    __slots__ = ("optimization_id", "portfolio_id", "status", "created_at", "estimated_completion_time", "details")
    OPTIMIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_COMPLETION_TIME_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    optimization_id: str
    portfolio_id: str
    status: str
    created_at: _timestamp_pb2.Timestamp
    estimated_completion_time: _timestamp_pb2.Timestamp
    details: _struct_pb2.Struct
    def __init__(self, optimization_id: _Optional[str] = ..., portfolio_id: _Optional[str] = ..., status: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., estimated_completion_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetOptimizationRequest(_message.Message):
    __slots__ = ("optimization_id",)
    OPTIMIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    optimization_id: str
    def __init__(self, optimization_id: _Optional[str] = ...) -> None: ...

class GetOptimizationResponse(_message.Message):
    __slots__ = ("optimization_id", "portfolio_id", "status", "created_at", "completed_at", "optimization_type", "objective", "risk_measure", "metrics", "current_allocation", "target_allocation", "trades", "efficient_frontier", "constraints", "preferences", "estimated_completion_time", "queue_state", "attempt", "failure", "details")
    class CurrentAllocationEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class TargetAllocationEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    OPTIMIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    RISK_MEASURE_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    TARGET_ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    EFFICIENT_FRONTIER_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_COMPLETION_TIME_FIELD_NUMBER: _ClassVar[int]
    QUEUE_STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    optimization_id: str
    portfolio_id: str
    status: str
    created_at: _timestamp_pb2.Timestamp
    completed_at: _timestamp_pb2.Timestamp
    optimization_type: str
    objective: str
    risk_measure: str
    metrics: OptimizationMetrics
    current_allocation: _containers.ScalarMap[str, float]
    target_allocation: _containers.ScalarMap[str, float]
    trades: _containers.RepeatedCompositeFieldContainer[Trade]
    efficient_frontier: _containers.RepeatedCompositeFieldContainer[FrontierPoint]
    constraints: OptimizationConstraints
    preferences: OptimizationPreferences
    estimated_completion_time: _timestamp_pb2.Timestamp
    queue_state: str
    attempt: int
    failure: Failure
    details: _struct_pb2.Struct
    def __init__(self, optimization_id: _Optional[str] = ..., portfolio_id: _Optional[str] = ..., status: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., optimization_type: _Optional[str] = ..., objective: _Optional[str] = ..., risk_measure: _Optional[str] = ..., metrics: _Optional[_Union[OptimizationMetrics, _Mapping]] = ..., current_allocation: _Optional[_Mapping[str, float]] = ..., target_allocation: _Optional[_Mapping[str, float]] = ..., trades: _Optional[_Iterable[_Union[Trade, _Mapping]]] = ..., efficient_frontier: _Optional[_Iterable[_Union[FrontierPoint, _Mapping]]] = ..., constraints: _Optional[_Union[OptimizationConstraints, _Mapping]] = ..., preferences: _Optional[_Union[OptimizationPreferences, _Mapping]] = ..., estimated_completion_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., queue_state: _Optional[str] = ..., attempt: _Optional[int] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("outcome", "message", "losses")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    outcome: str
    message: str
    losses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, outcome: _Optional[str] = ..., message: _Optional[str] = ..., losses: _Optional[_Iterable[str]] = ...) -> None: ...

class OptimizationMetrics(_message.Message):
    __slots__ = ("expected_return", "expected_volatility", "sharpe_ratio", "max_drawdown", "turnover", "information_ratio")
    EXPECTED_RETURN_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VOLATILITY_FIELD_NUMBER: _ClassVar[int]
    SHARPE_RATIO_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    TURNOVER_FIELD_NUMBER: _ClassVar[int]
    INFORMATION_RATIO_FIELD_NUMBER: _ClassVar[int]
    expected_return: float
    expected_volatility: float
    sharpe_ratio: float
    max_drawdown: float
    turnover: float
    information_ratio: float
    def __init__(self, expected_return: _Optional[float] = ..., expected_volatility: _Optional[float] = ..., sharpe_ratio: _Optional[float] = ..., max_drawdown: _Optional[float] = ..., turnover: _Optional[float] = ..., information_ratio: _Optional[float] = ...) -> None: ...

class Trade(_message.Message):
    __slots__ = ("instrument_id", "action", "quantity", "estimated_value", "weight_change", "priority")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_VALUE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_CHANGE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    action: str
    quantity: float
    estimated_value: float
    weight_change: float
    priority: int
    def __init__(self, instrument_id: _Optional[str] = ..., action: _Optional[str] = ..., quantity: _Optional[float] = ..., estimated_value: _Optional[float] = ..., weight_change: _Optional[float] = ..., priority: _Optional[int] = ...) -> None: ...

class FrontierPoint(_message.Message):
    __slots__ = ("risk", "sharpe", "weights", "return_risk_ratio", "relative_gap")
    class WeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    RETURN_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    SHARPE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    RETURN_RISK_RATIO_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_GAP_FIELD_NUMBER: _ClassVar[int]
    risk: float
    sharpe: float
    weights: _containers.ScalarMap[str, float]
    return_risk_ratio: float
    relative_gap: float
    def __init__(self, risk: _Optional[float] = ..., sharpe: _Optional[float] = ..., weights: _Optional[_Mapping[str, float]] = ..., return_risk_ratio: _Optional[float] = ..., relative_gap: _Optional[float] = ..., **kwargs) -> None: ...

class EfficientFrontierRequest(_message.Message):
    __slots__ = ("portfolio_id", "points", "min_return", "max_risk", "risk_measure", "constraints", "problem")
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    MIN_RETURN_FIELD_NUMBER: _ClassVar[int]
    MAX_RISK_FIELD_NUMBER: _ClassVar[int]
    RISK_MEASURE_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    portfolio_id: str
    points: int
    min_return: float
    max_risk: float
    risk_measure: str
    constraints: OptimizationConstraints
    problem: _struct_pb2.Struct
    def __init__(self, portfolio_id: _Optional[str] = ..., points: _Optional[int] = ..., min_return: _Optional[float] = ..., max_risk: _Optional[float] = ..., risk_measure: _Optional[str] = ..., constraints: _Optional[_Union[OptimizationConstraints, _Mapping]] = ..., problem: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class EfficientFrontierResponse(_message.Message):
    __slots__ = ("portfolio_id", "risk_measure", "efficient_frontier", "current_portfolio", "optimal_portfolio", "min_risk_portfolio", "max_return_portfolio", "frontier_id", "created_at", "details")
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    RISK_MEASURE_FIELD_NUMBER: _ClassVar[int]
    EFFICIENT_FRONTIER_FIELD_NUMBER: _ClassVar[int]
    CURRENT_PORTFOLIO_FIELD_NUMBER: _ClassVar[int]
    OPTIMAL_PORTFOLIO_FIELD_NUMBER: _ClassVar[int]
    MIN_RISK_PORTFOLIO_FIELD_NUMBER: _ClassVar[int]
    MAX_RETURN_PORTFOLIO_FIELD_NUMBER: _ClassVar[int]
    FRONTIER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    portfolio_id: str
    risk_measure: str
    efficient_frontier: _containers.RepeatedCompositeFieldContainer[FrontierPoint]
    current_portfolio: PortfolioPoint
    optimal_portfolio: PortfolioPoint
    min_risk_portfolio: PortfolioPoint
    max_return_portfolio: PortfolioPoint
    frontier_id: str
    created_at: _timestamp_pb2.Timestamp
    details: _struct_pb2.Struct
    def __init__(self, portfolio_id: _Optional[str] = ..., risk_measure: _Optional[str] = ..., efficient_frontier: _Optional[_Iterable[_Union[FrontierPoint, _Mapping]]] = ..., current_portfolio: _Optional[_Union[PortfolioPoint, _Mapping]] = ..., optimal_portfolio: _Optional[_Union[PortfolioPoint, _Mapping]] = ..., min_risk_portfolio: _Optional[_Union[PortfolioPoint, _Mapping]] = ..., max_return_portfolio: _Optional[_Union[PortfolioPoint, _Mapping]] = ..., frontier_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class PortfolioPoint(_message.Message):
    __slots__ = ("risk", "sharpe", "weights", "return_risk_ratio", "relative_gap")
    class WeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    RETURN_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    SHARPE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    RETURN_RISK_RATIO_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_GAP_FIELD_NUMBER: _ClassVar[int]
    risk: float
    sharpe: float
    weights: _containers.ScalarMap[str, float]
    return_risk_ratio: float
    relative_gap: float
    def __init__(self, risk: _Optional[float] = ..., sharpe: _Optional[float] = ..., weights: _Optional[_Mapping[str, float]] = ..., return_risk_ratio: _Optional[float] = ..., relative_gap: _Optional[float] = ..., **kwargs) -> None: ...

class EfficientFrontierPart(_message.Message):
    __slots__ = ("frontier", "point")
    FRONTIER_FIELD_NUMBER: _ClassVar[int]
    POINT_FIELD_NUMBER: _ClassVar[int]
    frontier: EfficientFrontierResponse
    point: FrontierPoint
    def __init__(self, frontier: _Optional[_Union[EfficientFrontierResponse, _Mapping]] = ..., point: _Optional[_Union[FrontierPoint, _Mapping]] = ...) -> None: ...

class RebalancePlanRequest(_message.Message):
    __slots__ = ("portfolio_id", "target_type", "constraints", "target_allocation", "model_id", "transaction_cost_model", "cost_model", "problem")
    class TargetAllocationEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    TARGET_ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_COST_MODEL_FIELD_NUMBER: _ClassVar[int]
    COST_MODEL_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    portfolio_id: str
    target_type: str
    constraints: RebalanceConstraints
    target_allocation: _containers.ScalarMap[str, float]
    model_id: str
    transaction_cost_model: float
    cost_model: _struct_pb2.Value
    problem: _struct_pb2.Struct
    def __init__(self, portfolio_id: _Optional[str] = ..., target_type: _Optional[str] = ..., constraints: _Optional[_Union[RebalanceConstraints, _Mapping]] = ..., target_allocation: _Optional[_Mapping[str, float]] = ..., model_id: _Optional[str] = ..., transaction_cost_model: _Optional[float] = ..., cost_model: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., problem: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class RebalanceConstraints(_message.Message):
    __slots__ = ("max_turnover", "min_trade_size", "max_trades", "consider_tax_implications")
    MAX_TURNOVER_FIELD_NUMBER: _ClassVar[int]
    MIN_TRADE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_TRADES_FIELD_NUMBER: _ClassVar[int]
    CONSIDER_TAX_IMPLICATIONS_FIELD_NUMBER: _ClassVar[int]
    max_turnover: float
    min_trade_size: float
    max_trades: int
    consider_tax_implications: bool
    def __init__(self, max_turnover: _Optional[float] = ..., min_trade_size: _Optional[float] = ..., max_trades: _Optional[int] = ..., consider_tax_implications: _Optional[bool] = ...) -> None: ...

class RebalancePlanResponse(_message.Message):
    __slots__ = ("portfolio_id", "rebalance_id", "created_at", "current_allocation", "target_allocation", "trades", "metrics", "target_type", "model_target", "status", "valid_until", "details")
    class CurrentAllocationEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class TargetAllocationEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class ModelTargetEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    REBALANCE_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CURRENT_ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    TARGET_ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    TARGET_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_TARGET_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    portfolio_id: str
    rebalance_id: str
    created_at: _timestamp_pb2.Timestamp
    current_allocation: _containers.ScalarMap[str, float]
    target_allocation: _containers.ScalarMap[str, float]
    trades: _containers.RepeatedCompositeFieldContainer[Trade]
    metrics: RebalanceMetrics
    target_type: str
    model_target: _containers.ScalarMap[str, float]
    status: str
    valid_until: _timestamp_pb2.Timestamp
    details: _struct_pb2.Struct
    def __init__(self, portfolio_id: _Optional[str] = ..., rebalance_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., current_allocation: _Optional[_Mapping[str, float]] = ..., target_allocation: _Optional[_Mapping[str, float]] = ..., trades: _Optional[_Iterable[_Union[Trade, _Mapping]]] = ..., metrics: _Optional[_Union[RebalanceMetrics, _Mapping]] = ..., target_type: _Optional[str] = ..., model_target: _Optional[_Mapping[str, float]] = ..., status: _Optional[str] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class RebalanceMetrics(_message.Message):
    __slots__ = ("turnover", "expected_improvement", "transaction_costs", "tax_implications", "net_improvement", "tracking_error")
    TURNOVER_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_IMPROVEMENT_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_COSTS_FIELD_NUMBER: _ClassVar[int]
    TAX_IMPLICATIONS_FIELD_NUMBER: _ClassVar[int]
    NET_IMPROVEMENT_FIELD_NUMBER: _ClassVar[int]
    TRACKING_ERROR_FIELD_NUMBER: _ClassVar[int]
    turnover: float
    expected_improvement: ImprovementMetrics
    transaction_costs: float
    tax_implications: float
    net_improvement: ImprovementMetrics
    tracking_error: float
    def __init__(self, turnover: _Optional[float] = ..., expected_improvement: _Optional[_Union[ImprovementMetrics, _Mapping]] = ..., transaction_costs: _Optional[float] = ..., tax_implications: _Optional[float] = ..., net_improvement: _Optional[_Union[ImprovementMetrics, _Mapping]] = ..., tracking_error: _Optional[float] = ...) -> None: ...

class ImprovementMetrics(_message.Message):
    __slots__ = ("risk", "sharpe")
    RETURN_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    SHARPE_FIELD_NUMBER: _ClassVar[int]
    risk: float
    sharpe: float
    def __init__(self, risk: _Optional[float] = ..., sharpe: _Optional[float] = ..., **kwargs) -> None: ...

class FactorExposureRequest(_message.Message):
    __slots__ = ("portfolio_id", "factors", "problem")
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    FACTORS_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    portfolio_id: str
    factors: _containers.RepeatedScalarFieldContainer[str]
    problem: _struct_pb2.Struct
    def __init__(self, portfolio_id: _Optional[str] = ..., factors: _Optional[_Iterable[str]] = ..., problem: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class FactorExposureResponse(_message.Message):
    __slots__ = ("portfolio_id", "as_of", "exposures", "attribution", "return_attribution", "analysis_id", "created_at", "details")
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    EXPOSURES_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    RETURN_ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    ANALYSIS_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    portfolio_id: str
    as_of: _timestamp_pb2.Timestamp
    exposures: _containers.RepeatedCompositeFieldContainer[FactorExposure]
    attribution: _containers.RepeatedCompositeFieldContainer[FactorAttribution]
    return_attribution: _containers.RepeatedCompositeFieldContainer[ReturnAttribution]
    analysis_id: str
    created_at: _timestamp_pb2.Timestamp
    details: _struct_pb2.Struct
    def __init__(self, portfolio_id: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., exposures: _Optional[_Iterable[_Union[FactorExposure, _Mapping]]] = ..., attribution: _Optional[_Iterable[_Union[FactorAttribution, _Mapping]]] = ..., return_attribution: _Optional[_Iterable[_Union[ReturnAttribution, _Mapping]]] = ..., analysis_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class FactorExposure(_message.Message):
    __slots__ = ("factor", "exposure", "benchmark_exposure", "active_exposure", "standard_error", "t_statistic")
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    BENCHMARK_EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    STANDARD_ERROR_FIELD_NUMBER: _ClassVar[int]
    T_STATISTIC_FIELD_NUMBER: _ClassVar[int]
    factor: str
    exposure: float
    benchmark_exposure: float
    active_exposure: float
    standard_error: float
    t_statistic: float
    def __init__(self, factor: _Optional[str] = ..., exposure: _Optional[float] = ..., benchmark_exposure: _Optional[float] = ..., active_exposure: _Optional[float] = ..., standard_error: _Optional[float] = ..., t_statistic: _Optional[float] = ...) -> None: ...

class FactorAttribution(_message.Message):
    __slots__ = ("factor", "contribution", "percent_contribution", "active_contribution", "active_percent_contribution")
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    PERCENT_CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_PERCENT_CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    factor: str
    contribution: float
    percent_contribution: float
    active_contribution: float
    active_percent_contribution: float
    def __init__(self, factor: _Optional[str] = ..., contribution: _Optional[float] = ..., percent_contribution: _Optional[float] = ..., active_contribution: _Optional[float] = ..., active_percent_contribution: _Optional[float] = ...) -> None: ...

class ReturnAttribution(_message.Message):
    __slots__ = ("factor", "contribution", "active_contribution")
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    factor: str
    contribution: float
    active_contribution: float
    def __init__(self, factor: _Optional[str] = ..., contribution: _Optional[float] = ..., active_contribution: _Optional[float] = ...) -> None: ...

class WatchOptimizationRequest(_message.Message):
    __slots__ = ("optimization_id",)
    OPTIMIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    optimization_id: str
    def __init__(self, optimization_id: _Optional[str] = ...) -> None: ...

class OptimizationProgress(_message.Message):
    __slots__ = ("optimization_id", "status", "queue_state", "attempt", "progress", "details")
    OPTIMIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    optimization_id: str
    status: str
    queue_state: str
    attempt: int
    progress: float
    details: _struct_pb2.Struct
    def __init__(self, optimization_id: _Optional[str] = ..., status: _Optional[str] = ..., queue_state: _Optional[str] = ..., attempt: _Optional[int] = ..., progress: _Optional[float] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
