package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.data.DataCounts;
import io.moe4j.api.InputException;
import io.moe4j.trainer.agreement.RunAgreement;
import io.moe4j.trainer.checkpoint.CheckpointLoad;
import io.moe4j.trainer.checkpoint.CheckpointSave;
import io.moe4j.trainer.checkpoint.Progress;
import io.moe4j.trainer.checkpoint.RankState;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.session.TrainingSession;
import io.moe4j.trainer.step.StepData;
import io.moe4j.trainer.step.StepOutcome;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run that is open. Steps are made one by one; between them, the run can be saved. Where it runs over several JVMs, each has such an object, and makes
 * the same calls. Not thread-safe, but for {@link #requestStop()}.
 */
@Stability(Stability.Level.EVOLVING)
public final class TrainingRun implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TrainingRun.class);
    private final TrainerConfig config;
    private final ModelSpec spec;
    private final RunOptions options;
    private final TrainingSession session;
    private final Throughput throughput;
    private final Map<Integer, BatchSource> sources = new ConcurrentHashMap<>();
    private final RunDescription description;
    private volatile boolean stopRequested;
    private boolean stopped;
    private long stepsDone;
    /** By all ranks together: where the data goes on. */
    private long sequencesDone;

    static TrainingRun open(TrainerConfig config, ModelSpec spec, Registry registry, RunOptions options) {
        if (options.launch().worldSize() != config.ranks()) {
            throw new InputException("the launch has " + options.launch().worldSize()
                    + " ranks and the configuration " + config.ranks() + "; set ranks to the number that is started");
        }
        // A checkpoint that cannot be used is told before anything large is opened.
        Optional<CheckpointLoad> resumed = config.checkpoint().resume().map(CheckpointLoad::new);
        try {
            long begin = resumed.map(load -> load.progress().step()).orElse(0L);
            options.output().ifPresent(output -> CheckpointSave.requireNoneBeyond(begin, checkpoints(output)));
            RunAgreement.require(options.launch(), config, spec, Providers.choose(config, spec, registry).all(),
                    options.data().isEmpty(),
                    resumed.map(load -> load.progress().toString()));
            TrainingSession session = TrainingSession.open(config, spec, registry, options.launch());
            try {
                return new TrainingRun(config, spec, options, session, resumed);
            } catch (RuntimeException | Error e) {
                try {
                    session.close();
                } catch (RuntimeException second) {
                    e.addSuppressed(second);
                }
                throw e;
            }
        } finally {
            resumed.ifPresent(CheckpointLoad::close);
        }
    }

    private TrainingRun(TrainerConfig config, ModelSpec spec, RunOptions options, TrainingSession session,
            Optional<CheckpointLoad> resumed) {
        this.config = config;
        this.spec = spec;
        this.options = options;
        this.session = session;
        throughput = new Throughput(config, session, spec.figures(config.training().seqLen()).flopsPerToken());
        description = RunDescription.of(config, spec, session);
        resumed.ifPresent(this::load);
        BatchSource.Factory data = options.data().orElseGet(() -> new CorpusBatches(config));
        session.launch().localRanks().forEach(rank -> sources.put(rank, data.open(rank, sequencesDone)));
    }

    /** What runs, where, and what it takes. */
    public RunDescription description() {
        return description;
    }

    /** Steps made, those before the run was continued included. */
    public long stepsDone() {
        return stepsDone;
    }

    /** Whether another step is to be made. */
    public boolean hasNext() {
        return stepsDone < config.training().steps() && !stopped;
    }

    /**
     * Makes a step; saves a checkpoint behind it, if one is due.
     *
     * @throws CapacityExceededException if a rank was to receive more rows than it can: nothing has changed
     * @throws DataException if the data of a rank cannot be read: nothing has changed, and the run was saved, if checkpoints are enabled
     * @throws NonFiniteException if the loss or the gradients are not finite: nothing has changed
     * @throws RunFailedException if a rank failed: the run can only be closed
     */
    public StepResult step() {
        long step = stepsDone + 1;
        long begin = System.nanoTime();
        boolean stop = stopRequested;
        StepOutcome outcome = session.onRanks(rank -> {
            rank.phase().enter("step " + step + ", data");
            return rank.step().run(step, read(source(rank.context().rank())), stop);
        }).getFirst();
        StepOutcome.Completed done = switch (outcome) {
            case StepOutcome.Completed completed -> completed;
            case StepOutcome.WithoutData missing -> throw savedBefore(Refusals.withoutData(step, missing));
            case StepOutcome.Overflowed overflow -> throw Refusals.overflow(step, overflow, config, spec);
            case StepOutcome.Dropped dropped -> throw Refusals.dropped(step, dropped, spec);
            case StepOutcome.NonFinite broken -> throw Refusals.nonFinite(step, broken);
        };
        stepsDone = step;
        sequencesDone += (long) config.training().localBatchSize() * config.ranks();
        stopped = done.stop();
        StepResult result = throughput.result(step, done, (System.nanoTime() - begin) / 1e9);
        if (done.droppedRows() > 0) {
            log.warn("step {}: {} rows were dropped; a rank was to receive {} and can {}", step, done.droppedRows(),
                    done.receivedRowsMax(), done.receiveCapacityRows());
        }
        saveIfDue();
        return result;
    }

    /** Ends the run after the step that is under way. May be called from any thread. */
    public void requestStop() {
        stopRequested = true;
    }

    /**
     * Saves the run as it is.
     *
     * @param checkpoints folder of checkpoints
     * @return the checkpoint's own folder in it
     */
    public Path save(Path checkpoints) {
        Progress progress = new Progress(stepsDone, sequencesDone, config.training().seed(), config.ranks());
        List<RankState> states = session.onRanks(TrainingRun::state);
        try (CheckpointSave save = new CheckpointSave(checkpoints, progress, states)) {
            session.onRanks(rank -> {
                rank.phase().enter("saving the checkpoint of step " + progress.step());
                save.run(state(rank));
                return rank;
            });
            log.info("saved {}", save.folder());
            return save.folder();
        }
    }

    /** Where checkpoints go by themselves, if the run has an output folder. */
    public Optional<Path> checkpoints() {
        return options.output().map(TrainingRun::checkpoints);
    }

    /** What is open underneath: for tools that look at parameters and gradients. */
    public TrainingSession session() {
        return session;
    }

    @Override
    public void close() {
        BatchSource first = sources.get(0);
        DataCounts counts = first == null ? DataCounts.NONE : first.counts();
        if (counts.badLines() > 0 || counts.loneSurrogates() > 0) {
            log.warn(
                    "in the longest pass over the data, {} documents were read, {} bad lines left out, and {} halves of"
                            + " characters replaced by U+FFFD",
                    counts.documents(), counts.badLines(), counts.loneSurrogates());
        }
        try {
            sources.values().forEach(BatchSource::close);
        } finally {
            session.close();
        }
    }

    private void saveIfDue() {
        boolean due = stepsDone % config.checkpoint().interval() == 0 || !hasNext();
        if (config.checkpoint().enable() && due) {
            checkpoints().ifPresent(folder -> {
                save(folder);
                if (session.launch().hasFirstRank()) {
                    CheckpointSave.keepLatest(config.checkpoint().keepLatestK(), folder);
                }
            });
        }
    }

    private DataException savedBefore(DataException refused) {
        Optional<Path> folder = config.checkpoint().enable() ? checkpoints() : Optional.empty();
        if (stepsDone == 0) {
            return new DataException(refused, "no step had been made, so that nothing was saved");
        }
        if (folder.isEmpty()) {
            return new DataException(refused, "nothing was saved, since checkpoint.enable is false");
        }
        try {
            return new DataException(refused, "the run was saved: when the data is correct, continue it with"
                    + " --checkpoint.resume " + save(folder.get()));
        } catch (RuntimeException e) {
            refused.addSuppressed(e);
            return new DataException(refused, "saving the run failed as well: " + e.getMessage());
        }
    }

    /** A rank's batch; without one, all ranks have to learn it before any of them stops. */
    private static StepData read(BatchSource source) {
        try {
            return source.next();
        } catch (InputException e) {
            return new StepData.Missing(String.valueOf(e.getMessage()));
        }
    }

    private void load(CheckpointLoad load) {
        try {
            session.onRanks(rank -> {
                rank.phase().enter("loading " + load.folder());
                load.run(state(rank));
                return rank;
            });
        } catch (RunFailedException e) {
            // That it does not fit is a matter of what was given, not of a rank.
            throw e.getCause() instanceof InputException input ? input : e;
        }
        Progress progress = load.progress();
        stepsDone = progress.step();
        sequencesDone = progress.sequences();
        log.info("continuing {} behind step {}, {} sequences read", load.folder(), stepsDone, sequencesDone);
        if (progress.seed() != config.training().seed()) {
            log.warn(
                    "{} was written with training.seed = {}, and goes on with {}: in another order of the data, of which"
                            + " some is read twice and some not at all; set the seed to {} for the same order",
                    load.folder(),
                    progress.seed(), config.training().seed(), progress.seed());
        }
    }

    private BatchSource source(int rank) {
        BatchSource source = sources.get(rank);
        if (source == null) {
            throw new IllegalStateException("rank " + rank + " does not live in this JVM");
        }
        return source;
    }

    private static Path checkpoints(Path output) {
        return output.resolve("checkpoints");
    }

    private static RankState state(RankSession rank) {
        return new RankState(rank.context(), rank.model(), rank.optimizer(), rank.groups().isFirstReplica());
    }
}
