"""Launch: the processes that a plan starts, with every flag that its prediction assumed."""
