// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletWire
import Testing

@testable import martlet

/// What `--json` prints of a cluster has the keys of the API, and none is forgotten.
@Suite struct ClusterJSONTests {
    private func keys(_ data: Data) throws -> Set<String> {
        Set(try JSONDecoder().decode([String: AnyValue].self, from: data).keys)
    }

    @Test func aJobHasEveryKey() throws {
        var job = ClusterWorkshop.job()
        (job.finishedMs, job.outputBytes, job.error) = (1, 2, ProblemView(code: "a.b", message: "c"))
        (job.callbackURL, job.streamURL) = ("http://a/b", "http://c/d.m3u8")
        let printed = Data(ClusterJSON.json(of: job).line.utf8)
        #expect(try keys(printed) == keys(try JSONEncoder().encode(job)))
        #expect(try JSONDecoder().decode(JobView.self, from: printed) == job)
    }

    @Test func tasksAndAttemptsHaveEveryKey() throws {
        struct Whole: Decodable { var tasks: [TaskView] }
        let printed = ClusterJSON.json(of: ClusterWorkshop.job(), tasks: ClusterWorkshop.tasks)
        let read = try JSONDecoder().decode(Whole.self, from: Data(printed.line.utf8))
        #expect(read.tasks == ClusterWorkshop.tasks)
    }

    @Test func aWorkerHasEveryKey() throws {
        var worker = ClusterWorkshop.worker()
        (worker.ffmpeg, worker.version, worker.memoryBytes) = ("5.1", "0.1.0", 1 << 30)
        (worker.temperatureC, worker.address, worker.paused) = (55, "10.0.0.1", true)
        let printed = Data(ClusterJSON.json(of: worker).line.utf8)
        #expect(try keys(printed) == keys(try JSONEncoder().encode(worker)))
        #expect(try JSONDecoder().decode(WorkerView.self, from: printed) == worker)
    }

    /// Any JSON value, of which only the form is looked at.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
