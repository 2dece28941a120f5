"""The auditor's side: says what is wrong with a target, and why two of them differ."""
