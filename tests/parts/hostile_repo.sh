#!/bin/bash
# A repository that wants harm, followed by a controller.
exec bash tests/e2e/hostile_repo.sh build
