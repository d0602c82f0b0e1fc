package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.Model;
import io.moe4j.profile.SpanRecorder;
import io.moe4j.trainer.checkpoint.HostCopy;
import io.moe4j.trainer.checkpoint.RankState;
import io.moe4j.trainer.step.Optimizer;
import io.moe4j.trainer.step.Evaluator;
import io.moe4j.trainer.step.RankPhase;
import io.moe4j.trainer.step.TrainStep;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All parts that are open for one rank. Used by the rank's thread only.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RankSession implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RankSession.class);
    private final RankContext context;
    private final RankGroups groups;
    private final Model model;
    private final Optional<CommBackend> comm;
    private final Optional<ExpertKernels> kernels;
    private final Optional<RankTraining> training;
    private final Optional<Evaluator> evaluator;
    private final RankPhase phase;
    private final SpanRecorder recorder;
    private final Resources resources;

    RankSession(RankContext context, RankGroups groups, Model model, Optional<CommBackend> comm,
            Optional<ExpertKernels> kernels, Optional<RankTraining> training, Optional<Evaluator> evaluator,
            RankPhase phase, SpanRecorder recorder, Resources resources) {
        this.context = context;
        this.groups = groups;
        this.model = model;
        this.comm = comm;
        this.kernels = kernels;
        this.training = training;
        this.evaluator = evaluator;
        this.phase = phase;
        this.recorder = recorder;
        this.resources = resources;
    }

    /** Waits until every rank has its initial values, so that no rank begins while another one could not be opened. */
    void awaitAll() {
        context.stream().synchronize();
        context.rendezvous().exchange(context.world(), "session open", new byte[0]);
    }

    /** The rank's number, device, stream and connection to the others. */
    public RankContext context() {
        return context;
    }

    /** The rank's groups. */
    public RankGroups groups() {
        return groups;
    }

    /** The rank's model. */
    public Model model() {
        return model;
    }

    /**
     * The rank's optimizer, with its moments.
     *
     * @throws IllegalStateException if the session was opened for evaluation
     */
    public Optimizer optimizer() {
        return training().optimizer();
    }

    /** The rank's exchange, if the model has experts. */
    public Optional<CommBackend> comm() {
        return comm;
    }

    /** The rank's expert kernels, if the model has experts. */
    public Optional<ExpertKernels> kernels() {
        return kernels;
    }

    /**
     * Records spans in steps that are profiled.
     *
     * @since 0.3.0
     */
    public SpanRecorder recorder() {
        return recorder;
    }

    /**
     * The rank's data for a checkpoint.
     *
     * @since 0.3.0
     */
    public RankState state() {
        return new RankState(context, model, optimizer(), groups.isFirstReplica());
    }

    /** The rank's current phase, for the report of a failure. */
    public RankPhase phase() {
        return phase;
    }

    /**
     * The rank's training step.
     *
     * @throws IllegalStateException if the session was opened for evaluation
     */
    public TrainStep step() {
        return training().step();
    }

    /**
     * Memory of the host from which a checkpoint is written while steps go on; empty if steps wait for checkpoints.
     *
     * @since 0.3.0
     */
    public Optional<HostCopy> hostCopy() {
        return training().copy();
    }

    /**
     * Evaluates the rank's model by forward passes; present in a session for evaluation, and in a run that is validated.
     *
     * @since 0.3.0
     */
    public Optional<Evaluator> evaluator() {
        return evaluator;
    }

    private RankTraining training() {
        return training.orElseThrow(() -> new IllegalStateException(
                "the session was opened for evaluation: its ranks have neither an optimizer nor steps"));
    }

    /** Waits until the rank's stream is empty, even after a failure: only then may memory that the stream or peers use be freed. */
    void drain() {
        try {
            context.stream().synchronize();
        } catch (RuntimeException e) {
            log.debug("rank {} had work under way that failed", context.rank(), e);
        }
    }

    /** Closes all parts in reverse order. The streams of all ranks must be empty. */
    @Override
    public void close() {
        resources.close();
    }
}
