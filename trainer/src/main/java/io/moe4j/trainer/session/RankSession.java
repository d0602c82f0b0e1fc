package io.moe4j.trainer.session;

import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.ProvisionException;
import com.google.inject.TypeLiteral;
import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.Model;
import io.moe4j.trainer.step.Optimizer;
import io.moe4j.trainer.step.RankPhase;
import io.moe4j.trainer.step.TrainStep;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All that is open for one rank. Used by the rank's thread only. */
@Stability(Stability.Level.EVOLVING)
public final class RankSession implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RankSession.class);
    private final Injector parts;
    private final Resources resources;
    private final RankContext context;

    /**
     * Opens a rank; every rank of the world does. What was opened half-way is closed.
     *
     * @param session what the ranks of this JVM share
     */
    static RankSession open(Injector session, int rank, RankPhase phase) {
        Resources resources = new Resources("rank " + rank);
        try {
            return new RankSession(session.createChildInjector(new RankModule(rank, phase, resources)), resources);
        } catch (ProvisionException e) {
            // Who reads the error wants to know what could not be opened, not who was asked to.
            RuntimeException failure = e.getCause() instanceof RuntimeException cause ? cause : e;
            closeAfter(failure, session, rank, phase, resources);
            throw failure;
        } catch (RuntimeException | Error e) {
            closeAfter(e, session, rank, phase, resources);
            throw e;
        }
    }

    /** Tells the others first: closing may wait for them, who would be waiting for this rank. */
    private static void closeAfter(Throwable failure, Injector session, int rank, RankPhase phase,
            Resources resources) {
        RankThreads.report(session.getInstance(RankPlace.class).rendezvous(), rank, phase, failure);
        try {
            resources.close();
        } catch (RuntimeException second) {
            failure.addSuppressed(second);
        }
    }

    private RankSession(Injector parts, Resources resources) {
        this.parts = parts;
        this.resources = resources;
        context = parts.getInstance(RankContext.class);
        step();
        // Initial values are in place, and nobody runs ahead of a rank that could not be opened.
        context.stream().synchronize();
        context.rendezvous().exchange(context.world(), "session open", new byte[0]);
    }

    /** Who it is. */
    public RankContext context() {
        return context;
    }

    /** Its groups. */
    public RankGroups groups() {
        return parts.getInstance(RankGroups.class);
    }

    /** Its model. */
    public Model model() {
        return parts.getInstance(Model.class);
    }

    /** Its moments. */
    public Optimizer optimizer() {
        return parts.getInstance(Optimizer.class);
    }

    /** Its exchange, if the model has experts. */
    public Optional<CommBackend> comm() {
        return parts.getInstance(Key.get(new TypeLiteral<Optional<CommBackend>>() {}));
    }

    /** Its expert kernels, if the model has experts. */
    public Optional<ExpertKernels> kernels() {
        return parts.getInstance(Key.get(new TypeLiteral<Optional<ExpertKernels>>() {}));
    }

    /** What it is doing, for the report of its failure. */
    public RankPhase phase() {
        return parts.getInstance(RankPhase.class);
    }

    /** Its training step. */
    public TrainStep step() {
        return parts.getInstance(TrainStep.class);
    }

    /** Waits until the rank's stream is empty, also after a failure: what it uses, or lets peers use, may be freed only then. */
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
