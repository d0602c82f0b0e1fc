package io.moe4j.trainer.step;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.trace.Spans;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The part of a step that makes the same launches with the same addresses every time: forward, backward, and the sum of the squares of the gradients.
 * It is run directly, or recorded once and replayed.
 */
final class ForwardBackward {
    private final RankContext rank;
    private final Model model;
    private final Optional<CommBackend> comm;
    private final Optimizer optimizer;
    private final Optional<GraphCapture> capture;
    private final StepBuffers buffers;
    private final Schedule schedule;
    private final RecomputePolicy recompute;
    private final float lossScale;
    private @Nullable CapturedGraph graph;

    /**
     * Prepares forward and backward of a step.
     *
     * @param schedule drives the model through the microbatches
     * @param lossScale 1 / (tokens of all ranks)
     */
    ForwardBackward(RankContext rank, Model model, Optional<CommBackend> comm, Optimizer optimizer,
            Optional<GraphCapture> capture, StepBuffers buffers, Schedule schedule, RecomputePolicy recompute,
            float lossScale) {
        this.rank = rank;
        this.model = model;
        this.comm = comm;
        this.optimizer = optimizer;
        this.capture = capture;
        this.buffers = buffers;
        this.schedule = schedule;
        this.recompute = recompute;
        this.lossScale = lossScale;
    }

    boolean isCaptured() {
        return capture.isPresent();
    }

    /**
     * Records the work, if it is to be replayed. All ranks record before any of them replays: recording may load code onto the device, which waits for
     * running kernels, and a replayed kernel may wait for a rank that is still recording.
     */
    void prepare() {
        if (capture.isPresent() && graph == null) {
            refresh();
            try (Spans.Span span = rank.spans().open("capture", "")) {
                graph = capture.get().capture(rank.stream(), this::enqueue);
            }
            rank.rendezvous().exchange(rank.world(), "step captured", new byte[0]);
        }
    }

    /**
     * Enqueues the work on the contents of the input buffers. A profiled step is not replayed, because the parts of a replayed graph cannot be timed; its
     * results have the same bits.
     */
    void run() {
        refresh();
        if (graph == null || rank.spans().isRecording()) {
            enqueue();
        } else {
            graph.replay(rank.stream());
        }
    }

    /** Enqueued outside the recording, because it does nothing after an update that has already converted its values. */
    void refresh() {
        model.units().forEach(ParameterUnit::refreshConverted);
    }

    private void enqueue() {
        Stream stream = rank.stream();
        try (Scope step = rank.memory().openStep()) {
            stream.fill(buffers.loss(), 0);
            stream.fill(buffers.sumOfSquares(), 0);
            comm.ifPresent(CommBackend::resetStatistics);
            model.prepare();
            Microbatches microbatches = new Microbatches(rank, model, recompute, buffers, lossScale);
            schedule.run(microbatches);
            microbatches.requireDone();
            optimizer.addSumOfSquares(buffers.sumOfSquares());
            comm.flatMap(CommBackend::statistics)
                    .ifPresent(statistics -> stream.copy(statistics, buffers.statistics()));
            comm.flatMap(CommBackend::roundStatistics)
                    .ifPresent(statistics -> stream.copy(statistics, buffers.roundStatistics()));
        }
    }
}
