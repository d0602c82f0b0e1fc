package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.LossOps;
import io.moe4j.autograd.model.ForwardPass;
import io.moe4j.autograd.model.Model;
import io.moe4j.trainer.config.TrainerConfig;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Evaluates a model on one rank by forward passes, which change nothing that training uses. All ranks make the same passes. Before each pass, they tell
 * each other whether they have a batch: a rank whose data has ended takes part with tokens that do not count, until no rank has data.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Evaluator implements AutoCloseable {
    private final RankContext rank;
    private final Model model;
    private final Optional<CommBackend> comm;
    private final RankPhase phase;
    private final ForwardPass pass;
    private final EvaluationBuffers buffers;
    private final BatchRules rules;
    private final int microbatchTokens;
    private final int microbatches;
    private final int sequenceTokens;

    /**
     * Allocates the buffers.
     *
     * @throws io.moe4j.api.InputException if the model cannot be evaluated
     */
    public Evaluator(RankContext rank, Model model, Optional<CommBackend> comm, TrainerConfig config, RankPhase phase) {
        this.rank = rank;
        this.model = model;
        this.comm = comm;
        this.phase = phase;
        microbatchTokens = Math.toIntExact(config.training().localTokens());
        microbatches = config.microbatches();
        sequenceTokens = config.training().seqLen();
        pass = new ForwardPass(rank, model);
        buffers = EvaluationBuffers.open(rank, config);
        // Losses are summed on the host here, so that devices of all versions can evaluate masked labels.
        rules = new BatchRules(config, true);
    }

    /**
     * Evaluates. All ranks call it at the same point between two steps, with equal {@code batches}.
     *
     * @param name what this evaluation is, for the report of a failure: {@code "validation after step 100"}
     * @param data this rank's data
     * @param batches the most batches that are read
     * @param stop returns whether this rank wants to end before that
     */
    public EvaluationOutcome run(String name, EvaluationData data, long batches, BooleanSupplier stop) {
        comm.ifPresent(CommBackend::resetStatistics);
        model.prepare();
        EvaluationSums sums = new EvaluationSums(sequenceTokens);
        long done = 0;
        for (; done < batches; done++) {
            phase.enter(name + ", batch " + (done + 1));
            Optional<StepData> mine = data.next().map(rules::usable);
            List<BatchVote> votes = exchange(BatchVote.of(mine, stop.getAsBoolean()));
            List<Integer> stopping = IntStream.range(0, votes.size()).filter(each -> votes.get(each).stop()).boxed()
                    .toList();
            if (!stopping.isEmpty()) {
                return new EvaluationOutcome.Stopped(done, stopping);
            }
            if (votes.stream().anyMatch(BatchVote::missing)) {
                return new EvaluationOutcome.WithoutData(RankWords.exchange(rank, "missing data of an evaluation",
                        mine.filter(StepData.Missing.class::isInstance).map(StepData.Missing.class::cast)
                                .map(StepData.Missing::reason).orElse("")));
            }
            if (votes.stream().noneMatch(BatchVote::batch)) {
                break;
            }
            evaluate(mine.filter(Batch.class::isInstance).map(Batch.class::cast).orElseGet(this::nothing), sums);
        }
        phase.enter(name + ", result");
        long[] statistics = statistics();
        return EvaluationReport.sum(rank.rendezvous()
                .exchange(rank.world(), "evaluation report", sums.report(statistics[0], statistics[1]).encode())
                .stream().map(EvaluationReport::decode).toList(), done,
                comm.map(CommBackend::capacityRows).orElse(0L));
    }

    /** Makes a pass on the current content of the buffers, so that its memory and operations can be counted on a device that computes nothing. */
    public void rehearse() {
        try (Scope step = rank.memory().openStep()) {
            model.prepare();
            model.begin(buffers.microbatch());
            pass.losses(buffers.ids_T(), buffers.labels_T(), buffers.losses_T());
        }
    }

    private void evaluate(Batch batch, EvaluationSums sums) {
        if (batch.tokens() != microbatchTokens * microbatches) {
            throw new IllegalArgumentException("a batch of " + batch.tokens() + " tokens for evaluations of "
                    + microbatchTokens * microbatches + "; give as many as for a step of training, with labels of "
                    + LossOps.IGNORED_LABEL + " where there is no text");
        }
        for (int from = 0; from < batch.tokens(); from += microbatchTokens) {
            int[] labels = Arrays.copyOfRange(batch.labels_T(), from, from + microbatchTokens);
            // Ignored labels are replaced by any valid id, because devices of earlier SPI versions cannot ignore labels; their losses are not used.
            int to = from + microbatchTokens;
            int begin = from;
            buffers.upload(new Batch(Arrays.copyOfRange(batch.ids_T(), from, to),
                    Arrays.stream(labels).map(label -> label == LossOps.IGNORED_LABEL ? 0 : label).toArray(),
                    batch.starts_T().map(starts -> Arrays.copyOfRange(starts, begin, to))));
            try (Scope step = rank.memory().openStep()) {
                model.begin(buffers.microbatch());
                pass.losses(buffers.ids_T(), buffers.labels_T(), buffers.losses_T());
            }
            sums.add(labels, buffers.read());
        }
    }

    /** The batch of a rank that has no data: it takes part in the exchanges, and none of its tokens counts. */
    private Batch nothing() {
        int[] labels = new int[microbatchTokens * microbatches];
        Arrays.fill(labels, LossOps.IGNORED_LABEL);
        return new Batch(new int[labels.length], labels);
    }

    private List<BatchVote> exchange(BatchVote mine) {
        return rank.rendezvous().exchange(rank.world(), "next batch of an evaluation", mine.encode()).stream()
                .map(BatchVote::decode).toList();
    }

    /** The most rows that this rank was to receive, and how many were dropped on it. */
    private long[] statistics() {
        long[] words = new long[2];
        comm.flatMap(CommBackend::statistics)
                .ifPresent(statistics -> rank.stream().download(statistics, MemorySegment.ofArray(words)));
        return words;
    }

    @Override
    public void close() {
        buffers.close();
    }
}
