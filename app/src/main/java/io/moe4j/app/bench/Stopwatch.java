package io.moe4j.app.bench;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.trainer.plugins.Opening;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Times short work on a rank's stream: a run is a number of calls between two events. With a capture, a run is the replay of a graph that holds all its
 * calls, so that the host's time for launching them does not count.
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
        return new Stopwatch(rank.stream(), capture.map(provider -> Opening.of(provider, () -> provider.open(rank))),
                options);
    }

    /** Seconds of one call, measured as often as the options say. */
    Samples time(Runnable call) {
        // The first call is not timed: the device may load code or select algorithms in it.
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

    /** The host enqueues all runs ahead, so that the device goes from one run to the next without waiting for the host. */
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
