#!/bin/bash
# what `drover-sim ctl` can do: workload, faults, partitions, check, audit
exec bash tests/e2e/ctl.sh build
