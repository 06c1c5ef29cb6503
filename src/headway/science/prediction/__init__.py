"""What a measure adds to the prediction of an outcome, and what an effect costs.

Owns logistic models, areas under the curve and ratios of cost to effect. Leaves the use of a prediction to people.
"""
