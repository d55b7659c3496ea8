"""Approvals: plans that wait until others agree.

models      requests, and what people decided about them
approvers   who may decide, and whose agreement counts
repository  reads and writes the requests of one organization
service     asking, deciding, withdrawing
outlook     what stands between a plan and its job, for the person who looks at it
telling     webhooks and letters about a new request
settling    what becomes of a request: started, expired, void
"""
