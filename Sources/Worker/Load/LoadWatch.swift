// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Watches how busy the machine is, for heartbeats, and for people who use it.
package actor LoadWatch {
    private let meter: any LoadMeter
    private let time: any TimeSource
    private var policy: YieldPolicy?
    private var latest: MachineLoad?

    /// Makes a watch.
    ///
    /// - Parameter limit: the share of all processors that others may use before no new tasks are taken; `nil`: any.
    package init(meter: any LoadMeter, limit: Double?, time: any TimeSource) {
        self.meter = meter
        self.time = time
        policy = limit.map { YieldPolicy(limit: $0) }
    }

    /// Measures every two seconds, until the calling task is cancelled; needed when there is a limit.
    package func run() async {
        guard policy != nil else { return }
        while (try? await time.sleep(until: time.now() + .seconds(2))) != nil { look() }
    }

    /// How busy the machine is.
    package func load() -> WorkerLoad {
        if policy == nil { look() }
        let load = latest ?? meter.measure()
        return WorkerLoad(
            processors: load.processors, memory: load.memory, temperature: load.temperature,
            takesTasks: policy?.takesTasks ?? true)
    }

    private func look() {
        let load = meter.measure()
        latest = load
        _ = policy?.note(others: load.others, now: time.now())
    }
}
