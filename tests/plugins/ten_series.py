"""The ten series of López de Prado (2016), exhibits 2 to 6: their covariance, and the weights printed for it."""

import numpy as np

_LOWER = """
    1.000648
    -0.003050, 1.009021
    0.010033, 0.008614, 1.000739
    -0.010760, 0.007334, -0.000638, 1.011855
    -0.005037, -0.009493, 0.001783, 0.005760, 1.005836
    0.008763, 0.013032, 1.001575, 0.000906, 0.005606, 1.064310
    0.998202, -0.009421, 0.006385, -0.011912, -0.009643, 0.004414, 1.058172
    -0.001393, -0.015346, 0.001922, 0.000462, 1.008567, 0.005780, -0.006755, 1.074833
    -0.001255, 1.010520, 0.012902, 0.012573, -0.006183, 0.017185, -0.008099, -0.011903, 1.075347
    -0.009366, 1.013335, 0.007998, 0.009622, -0.007943, 0.011601, -0.016240, -0.013738, 1.015220, 1.078587
"""
"""Of the covariance of the paper's 10,000 draws, row by row, rounded to six decimals."""

COVARIANCE = np.zeros((10, 10))
COVARIANCE[np.tril_indices(10)] = [float(figure) for figure in _LOWER.replace(",", " ").split()]
COVARIANCE += np.tril(COVARIANCE, -1).T

PRINTED = np.array([7.00, 7.59, 10.84, 19.03, 9.72, 10.19, 6.62, 9.10, 7.12, 12.79]) / 100
PRINTED_ORDER = [9, 2, 10, 1, 7, 3, 6, 4, 5, 8]
WITHOUT_EUCLID = np.array(
    [0.130857, 0.052995, 0.104393, 0.130914, 0.108442, 0.098157, 0.125184, 0.101480, 0.098001, 0.049577]
)
"""Weights that follow where sqrt((1 - rho) / 2) is the distance itself."""
ORDER_WITHOUT_EUCLID = [5, 8, 1, 7, 4, 3, 6, 9, 2, 10]
