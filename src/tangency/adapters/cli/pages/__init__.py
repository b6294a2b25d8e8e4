"""Reference pages of methods and estimators, made from the plugins themselves."""
