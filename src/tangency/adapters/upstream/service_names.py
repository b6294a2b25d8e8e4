"""The services that data may come from: their words in the settings, and what people call them."""

PORTFOLIOS, MARKET_DATA, RISK_MODELS = WORDS = ("portfolios", "market_data", "risk_models")

NAMES = {PORTFOLIOS: "portfolio service", MARKET_DATA: "market data service", RISK_MODELS: "risk model service"}
"""What people call the service, by its word in the settings."""
