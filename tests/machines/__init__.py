"""More than one machine: replicas, poolers, Sentinels and schedulers, all of them real."""
