#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Inside the virtual machine: the libraries beside this script that it lacks.
cd "$(dirname "$0")/lib" || exit
for library in *; do
  [ ! -e "$library" ] || ldconfig -p | grep -q "$library " || cp "$library" /usr/local/lib/
done
ldconfig
