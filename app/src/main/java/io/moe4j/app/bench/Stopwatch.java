package io.moe4j.app.bench;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Times short work on a rank's stream: runs of some calls each, between two events. With a capture, a run is the replay of a graph that holds all its
 * calls, so that what the host needs to launch them does not count.
 */
final class Stopwatch implements AutoCloseable {
    private final Stream stream;
    private final Optional<GraphCapture> capture;
    private final BenchOptions options;

    private Stopwatch(Stream stream, Optional<GraphCapture> capture, BenchOptions options) {
        this.stream = stream;
        this.capture = capture;
        this.options = options;
    }

    static Stopwatch open(RankContext rank, Optional<GraphCaptureProvider> capture, BenchOptions options) {
        return new Stopwatch(rank.stream(), capture.map(provider -> provider.open(rank)), options);
    }

    /** Seconds of one call, as often as was asked for. */
    Samples time(Runnable call) {
        // What a device loads or chooses when it meets a kernel for the first time is no part of it.
        call.run();
        Runnable calls = () -> {
            for (int i = 0; i < options.calls(); i++) {
                call.run();
            }
        };
        Optional<CapturedGraph> graph = capture.map(open -> open.capture(stream, calls));
        try {
            return runs(graph.<Runnable>map(captured -> () -> captured.replay(stream)).orElse(calls));
        } finally {
            stream.synchronize();
            graph.ifPresent(CapturedGraph::close);
        }
    }

    /** The host runs ahead: the device goes from one run to the next without waiting for it. */
    private Samples runs(Runnable run) {
        List<Event> marks = new ArrayList<>(List.of(stream.record()));
        for (int i = 0; i < options.warmup() + options.iterations(); i++) {
            run.run();
            marks.add(stream.record());
        }
        return new Samples(IntStream.range(options.warmup(), marks.size() - 1)
                .mapToObj(i -> marks.get(i + 1).secondsSince(marks.get(i)) / options.calls()).toList());
    }

    @Override
    public void close() {
        capture.ifPresent(GraphCapture::close);
    }
}
