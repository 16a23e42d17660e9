// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// The moment so many seconds after the clock's origin.
func at(_ seconds: Double) -> Moment { Moment(nanoseconds: Int64((seconds * 1e9).rounded())) }
