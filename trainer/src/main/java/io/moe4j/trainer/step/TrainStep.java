package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.trace.Spans;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.update.StepRates;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A step of one rank. Forward and backward compute gradients, and change no parameters; then all ranks exchange their results and come to the
 * same decision; only after that, expert biases, parameters and moments are updated.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class TrainStep implements AutoCloseable {
    private final RankContext rank;
    private final Model model;
    private final Optional<CommBackend> comm;
    private final Optimizer optimizer;
    private final TrainerConfig config;
    private final Schedule schedule;
    private final LrSchedule learningRates;
    private final StepBuffers buffers;
    private final ForwardBackward forwardBackward;
    private final RankPhase phase;
    private final boolean countsGradients;
    private final BatchRules rules;
    private final Optional<ReplicaCheck> replicaCheck;
    private final ExpertTokens expertTokens;
    private final boolean tellsExpertTokens;

    /**
     * Opens a step.
     *
     * @param capture records forward and backward; absent if they are not recorded
     * @param schedule drives the model through the microbatches
     * @param recompute the recompute policy, by which the model's inner stages are run
     * @param countsGradients whether this rank reports its gradients: false if they are copies of another replica's
     * @param tellsExpertTokens whether this rank reports the counts of its expert-parallel group
     * @param canDigest whether the device can compute digests, so that ranks can be compared
     * @param canMask whether the device can ignore labels
     */
    public TrainStep(RankContext rank, Model model, Optional<CommBackend> comm, Optimizer optimizer,
            Optional<GraphCapture> capture, TrainerConfig config, Schedule schedule, RecomputePolicy recompute,
            RankPhase phase, boolean countsGradients, boolean tellsExpertTokens, boolean canDigest, boolean canMask) {
        this.rank = rank;
        this.model = model;
        this.comm = comm;
        this.optimizer = optimizer;
        this.config = config;
        this.phase = phase;
        this.countsGradients = countsGradients;
        this.schedule = schedule;
        this.rules = new BatchRules(config, canMask);
        learningRates = new LrSchedule(config.optimizer().lr(), config.training().steps(), config.lrScheduler());
        this.tellsExpertTokens = tellsExpertTokens;
        expertTokens = config.metrics().layersEvery() > 0 ? ExpertTokens.of(model) : ExpertTokens.none();
        buffers = StepBuffers.open(rank, config,
                model.predictionLosses().map(sums -> Math.toIntExact(sums.elements())).orElse(0), expertTokens);
        replicaCheck = canDigest && config.runtime().agreementInterval() > 0 && rank.world().size() > 1
                ? Optional.of(new ReplicaCheck(rank, model, optimizer))
                : Optional.empty();
        forwardBackward = new ForwardBackward(rank, model, comm, optimizer, capture, buffers, schedule, recompute,
                (float) (1.0 / config.tokensPerStep()));
    }

    /**
     * Makes step {@code step}, from 1.
     *
     * @param given this rank's batch. If it is missing, forward and backward run on the current content of the buffers, because all ranks must take part; no
     *     rank uses the results
     * @param stop whether this rank wants the run to end after it
     */
    public StepOutcome run(long step, StepData given, boolean stop) {
        StepData data = rules.usable(given);
        phase.enter("step " + step + ", capture");
        forwardBackward.prepare();
        phase.enter("step " + step + ", forward and backward");
        if (data instanceof Batch batch) {
            buffers.upload(batch);
        }
        long syncsBefore = rank.stream().hostSyncs();
        try (Spans.Span span = rank.spans().open("forward and backward", "")) {
            forwardBackward.run();
        }
        long syncs = rank.stream().hostSyncs() - syncsBefore;
        StepBuffers.Readings mine = buffers.read(tellsExpertTokens && readsExpertTokens(step));

        phase.enter("step " + step + ", decision");
        WorldReport world = exchange(
                new RankReport(labels(data), mine.loss(), countsGradients ? mine.sumOfSquares() : 0,
                        routerSums().orElse(RouterLosses.ZERO), predictionSums(), mine.requiredRows(),
                        mine.droppedRows(), mine.rounds(),
                        syncs, stop,
                        data instanceof StepData.Missing));
        if (world.withoutData()) {
            return new StepOutcome.WithoutData(reasons(data));
        }
        Optional<String> differences = isReplicaCheckDue(step)
                ? replicaCheck.get().compare(step, learningRates.at(step), true, true)
                : Optional.empty();
        if (differences.isPresent()) {
            return new StepOutcome.Disagreed(differences.get());
        }
        long capacity = comm.map(CommBackend::capacityRows).orElse(0L);
        // All rounds together have room for the worst case: with rounds, rows are lost only if the backend reports it.
        long together = capacity * comm.map(CommBackend::maxRounds).orElse(1);
        Optional<StepOutcome> lost = config.moe().onOverflow().equals(Optional.of(OverflowAction.DROP))
                ? Optional.empty()
                : world.lostRows(together);
        if (lost.isPresent()) {
            return lost.get();
        }
        double perLabel = perLabel(world.labels());
        double loss = perLabel * world.loss();
        double norm = perLabel * world.gradientNorm();
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            phase.enter("step " + step + ", search for values that are not finite");
            return new StepOutcome.NonFinite(loss, norm, locate(mine));
        }

        phase.enter("step " + step + ", update");
        double learningRate = learningRates.at(step);
        if (world.labels() > 0) {
            update(learningRate, norm, perLabel, step);
        } else {
            loss = Double.NaN;
        }
        return new StepOutcome.Completed(world.labels(), loss, norm, learningRate, world.hostSyncs(),
                forwardBackward.isCaptured() && !rank.spans().isRecording(),
                world.requiredRows(), capacity, world.droppedRows(), world.rounds(), world.stopping(),
                layers(step, mine, world, capacity),
                model.routerLosses().map(sums -> world.routerLosses()
                        .over((double) config.tokensPerStep() * Math.max(1, sums.dim(0)))),
                predictionLosses(world));
    }

    private Optional<RouterLosses> routerSums() {
        return model.routerLosses().map(sums -> RouterLosses.read(rank.stream(), sums));
    }

    private List<PredictionLoss> predictionSums() {
        return model.predictionLosses()
                .map(sums -> PredictionLoss.read(rank.stream(), sums, buffers.predictionTargets())).orElse(List.of());
    }

    private List<Double> predictionLosses(WorldReport world) {
        List<PredictionLoss> modules = world.predictionLosses();
        double scale = config.training().mtpLossFactor() / Math.max(1, modules.size()) / config.tokensPerStep();
        return modules.stream().map(module -> module.mean(scale)).toList();
    }

    /**
     * Describes data that ranks should hold equal and do not; empty if there is none, or no comparison is due. All ranks call it.
     *
     * @param step the last step that was made
     */
    public Optional<String> differences(long step, boolean gathered) {
        phase.enter("comparison of ranks after step " + step);
        return replicaCheck.flatMap(ranks -> ranks.compare(step, learningRates.at(Math.max(1, step)), false, gathered));
    }

    private boolean readsExpertTokens(long step) {
        return expertTokens.size() > 0 && (step == 1 || step == config.training().steps()
                || step % config.metrics().layersEvery() == 0);
    }

    /** Called after the update has been enqueued, which does not depend on these counts. */
    private List<LayerLoad> layers(long step, StepBuffers.Readings mine, WorldReport world, long capacityRows) {
        if (!readsExpertTokens(step)) {
            return List.of();
        }
        List<List<Integer>> groups = ExpertTokens.exchange(rank, mine.expertTokens());
        return new RoutingSums(expertTokens.layers(), groups.stream().map(expertTokens::byLayer).toList(),
                config.parallelism().expertParallelDegree(), config.microbatches(), capacityRows, world.droppedRows())
                .loads();
    }

    private boolean isReplicaCheckDue(long step) {
        return replicaCheck.isPresent() && step % config.runtime().agreementInterval() == 0;
    }

    /** Makes a step on the current content of the buffers, so that its memory and operations can be counted on a device that computes nothing. */
    public void rehearse() {
        forwardBackward.run();
        update(config.optimizer().lr(), 1, 1, 1);
    }

    /**
     * Enqueues the conversion of values that an update has changed without converting them, as Muon does. Called at the beginning of a step, outside the
     * captured part.
     *
     * @since 0.3.0
     */
    public void refreshConverted() {
        forwardBackward.refresh();
    }

    /**
     * Like {@link #rehearse}, for the work that may follow a step: the comparison of ranks, and the search for values that are not finite. Both gather
     * parameters in the rank's memory stack, even if steps have other memory for them.
     */
    public void rehearseChecks() {
        replicaCheck.ifPresent(ReplicaCheck::rehearse);
        locateNonFinite(0);
    }

    /** How many microbatches are alive at the same time, each in a lane of planned memory. */
    public int lanes() {
        return schedule.lanes(buffers.microbatches());
    }

    @Override
    public void close() {
        replicaCheck.ifPresent(ReplicaCheck::close);
        buffers.close();
    }

    private static long labels(StepData data) {
        return data instanceof Batch batch ? batch.labels() : 0;
    }

    /**
     * The factor that turns means over tokens into means over the labels that count, whose number is known only after forward and backward have
     * been enqueued, or recorded. It is exactly 1 if all labels count.
     */
    private double perLabel(long labels) {
        return labels == 0 ? 1 : (double) config.tokensPerStep() / labels;
    }

    /** @param perLabel factor of the gradients; {@code norm} contains it already */
    private void update(double learningRate, double norm, double perLabel, long step) {
        try (Scope scope = rank.memory().openStep(); Spans.Span span = rank.spans().open("optimizer", "")) {
            // Clipping as in PyTorch: the small term avoids a division by zero if the norm is zero.
            double gradientScale = perLabel * Math.min(1, config.training().maxNorm() / (norm + 1e-6));
            optimizer.update(new StepRates(learningRate, learningRates.at(config.optimizer().muon().lr(), step),
                    gradientScale, step));
            // Launched last, so that the host makes these small launches while the device updates the parameters. Neither reads what the other writes.
            if (config.movesExpertBiases()) {
                model.updateExpertBias((float) config.moe().loadBalanceCoeff());
            }
        }
    }

    private WorldReport exchange(RankReport mine) {
        return new WorldReport(rank.rendezvous().exchange(rank.world(), "step report", mine.encode()).stream()
                .map(RankReport::decode).toList());
    }

    /** Says why ranks have no batch. */
    private String reasons(StepData data) {
        return RankWords.exchange(rank, "missing data", switch (data) {
            case Batch batch -> "";
            case StepData.Missing(String reason) -> reason;
        });
    }

    /**
     * Opens a scope for one microbatch, because routing decisions and dispatch plans are released only at the scope's end. Kept for all microbatches, they
     * could exceed the step's memory plan.
     */
    private String locateNonFinite(int microbatch) {
        try (Scope scope = rank.memory().openStep()) {
            model.begin(buffers.microbatch(microbatch));
            return model.locateNonFinite(buffers.ids_T(microbatch));
        }
    }

    /** The segment with the first value that is not finite, for each rank; ranks with the same segment are named together. */
    private String locate(StepBuffers.Readings mine) {
        String here = IntStream.range(0, buffers.microbatches())
                .mapToObj(this::locateNonFinite).distinct()
                .collect(Collectors.joining(", "))
                + (Float.isFinite(mine.loss()) ? "" : " (loss "
                        + mine.loss() + ")");
        return RankWords.exchange(rank, "not finite", here);
    }
}
