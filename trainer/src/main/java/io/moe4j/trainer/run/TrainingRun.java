package io.moe4j.trainer.run;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.trace.Spans;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.api.InputException;
import io.moe4j.trainer.agreement.RunAgreement;
import io.moe4j.trainer.checkpoint.CheckpointLoad;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.ConfiguredChat;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.AdapterExport;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.session.TrainingSession;
import io.moe4j.trainer.step.StepData;
import io.moe4j.trainer.step.StepOutcome;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An open run. Steps are made one by one; between them, the run can be saved. If it runs in several JVMs, each has such an object, and makes
 * the same calls. Not thread-safe, but for {@link #requestStop()}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class TrainingRun implements AutoCloseable {
    private final TrainerConfig config;
    private final Registry registry;
    private final RunOptions options;
    private final TrainingSession session;
    private final Throughput throughput;
    private final StepWarnings warnings;
    private final RankSources sources;
    private final RunDescription description;
    private final RunCheckpoints checkpoints;
    private final Optional<RunProfile> profile;
    private final Optional<Start> start;
    private final Optional<Continued> continued;
    private final RunPosition position;
    private final EarlyEnd earlyEnd;
    private final RunExport exports;
    /** The validation data that the configuration names. */
    private final Optional<ValidationBatches> ownValidation;
    private final Optional<RunValidation> validation;
    private volatile boolean stopRequested;
    private boolean stopped;
    private List<Integer> stoppedBy = List.of();
    private Optional<ValidationResult> lastValidation = Optional.empty();

    /**
     * A checkpoint that was saved.
     *
     * @param step the step after which it was saved
     * @param folder its path
     */
    public record Saved(long step, Path folder) {}

    /**
     * A model folder that a run starts from.
     *
     * @param folder its path
     * @param bytes of its weights
     * @param seconds that this process took to read its part
     */
    public record Start(Path folder, long bytes, double seconds) {}

    /**
     * A checkpoint that a run continues.
     *
     * @param folder its path
     * @param step the step after which the run goes on
     * @param passedOver newer ones, which are damaged, the newest first
     * @since 0.3.0
     */
    public record Continued(Path folder, long step, List<Path> passedOver) {
        public Continued {
            passedOver = List.copyOf(passedOver);
        }
    }

    static TrainingRun open(TrainerConfig config, ModelSpec spec, Registry registry, RunOptions options) {
        if (options.launch().worldSize() != config.ranks()) {
            throw new InputException("the launch has " + Shown.count(options.launch().worldSize(), "rank")
                    + ", and the configuration " + config.ranks() + "; set ranks to the number that is started");
        }
        // Report bad input before anything large is opened.
        RunValidation.requireData(config, options.validation().isPresent());
        options.output().filter(folder -> options.launch().hasFirstRank())
                .ifPresent(folder -> OutputPlaces.require(config, folder));
        Optional<CheckpointLoad> resumed = ResumePoint.open(config, options);
        Optional<ModelSource> start = Optional.empty();
        try {
            resumed.ifPresent(
                    load -> ResumePoint.requireSameModel(load, ModelOrigin.of(config, spec, registry, Optional.empty()),
                            config));
            // A continued run takes its weights from the checkpoint, except those that low-rank updates leave unchanged.
            start = resumed.isPresent() && !config.lora().isOn() ? Optional.empty()
                    : config.model().from().map(folder -> ModelSource.open(folder, registry));
            Optional<ModelSource> weights = start;
            resumed.ifPresent(load -> ResumePoint.requireSameWeights(load, weights));
            RunAgreement.require(options.launch(), config, spec, Providers.choose(config, spec, registry).all(),
                    () -> options.data().isPresent() ? Optional.empty()
                            : Optional.of(ConfiguredChat.identity(config, registry)),
                    resumed.map(load -> load.progress().toString()), start.map(ModelSource::identity));
            Optional<ModelSource> from = start;
            return Resources.open("the run", resources -> new TrainingRun(config, spec, registry, options,
                    resources.add(TrainingSession.open(savedAsOpened(config, options), spec, registry, options.launch(),
                            options.schedule())),
                    resumed, from));
        } finally {
            resumed.ifPresent(CheckpointLoad::close);
            start.ifPresent(ModelSource::close);
        }
    }

    private TrainingRun(TrainerConfig config, ModelSpec spec, Registry registry, RunOptions options,
            TrainingSession session,
            Optional<CheckpointLoad> resumed, Optional<ModelSource> start) {
        this.config = config;
        this.registry = registry;
        this.options = options;
        this.session = session;
        warnings = new StepWarnings(config.tokensPerStep());
        throughput = new Throughput(config, session, ConfiguredModel.figures(config, spec).flopsPerToken());
        description = RunDescription.of(config, spec, session);
        checkpoints = new RunCheckpoints(config.checkpoint(), options, session,
                resumed.map(CheckpointLoad::folder));
        profile = RunProfile.of(config.profile(), session, options.output());
        position = new RunPosition(config, ModelOrigin.of(config, spec, registry, start));
        earlyEnd = new EarlyEnd(config, spec, checkpoints, position::progress);
        exports = new RunExport(session, checkpoints, registry);
        ownValidation = options.validation().isPresent() ? Optional.empty()
                : ValidationBatches.of(config, registry, session.launch().localRanks());
        validation = RunValidation.of(config.validation(), session,
                options.validation().or(() -> ownValidation.map(BatchSource.Factory.class::cast)));
        this.start = start.map(source -> new Start(source.path(), source.bytes(), ModelFill.of(session, source)));
        if (resumed.isEmpty()) {
            config.lora().from().ifPresent(folder -> AdapterFill.of(session, spec, folder, registry));
        }
        resumed.ifPresent(load -> position.load(load, session));
        continued = resumed.map(load -> new Continued(load.folder(), stepsDone(), load.damaged()));
        told("preparing the output folder",
                () -> checkpoints.prepare(resumed.map(CheckpointLoad::damaged).orElse(List.of())));
        List<Integer> ranks = session.launch().localRanks();
        BatchSource.Factory data = options.data().orElseGet(() -> new CorpusBatches(config, registry, ranks));
        sources = RankSources.open(ranks, rank -> data.open(rank, position.sequences(), position.data()));
    }

    /** The model, its ranks and devices, and the memory that they take. */
    public RunDescription description() {
        return description;
    }

    /** The number of steps made, including those before the run was continued. */
    public long stepsDone() {
        return position.steps();
    }

    /** Whether there is another step to make. */
    public boolean hasNext() {
        return stepsDone() < config.training().steps() && !stopped;
    }

    /** Makes a step, as {@link #step(StepListener)}, without a listener. */
    public StepResult step() {
        return step(made -> {});
    }

    /**
     * Makes a step; validates and saves a checkpoint after it, if that is due. Where checkpoints are enabled, the run is also saved before a step that
     * cannot be made.
     *
     * @param listener receives the step's result before the checkpoint is written
     * @throws CapacityExceededException if a rank was to receive more rows than it has room for: nothing has changed
     * @throws DataException if the data of a rank cannot be read: nothing has changed, and the run was saved, if checkpoints are enabled
     * @throws RanksDisagreeException if ranks hold different copies of data that should be equal: the run can only be closed
     * @throws NonFiniteException if the loss or the gradients are not finite: nothing has changed
     * @throws OutputLostException if the run's folder was removed: the step is done, and the run has ended
     * @throws CheckpointFailedException if a checkpoint could not be saved, and it is the last one or there is no earlier one: the step is done
     * @throws RunFailedException if a rank failed: the run can only be closed
     */
    public StepResult step(StepListener listener) {
        long step = stepsDone() + 1;
        long begin = System.nanoTime();
        Optional<Path> lost = checkpoints.lost();
        boolean stop = stopRequested || lost.isPresent();
        DataWait wait = new DataWait();
        StepOutcome outcome = session.onRanks(rank -> {
            rank.phase().enter("step " + step + ", data");
            profile.ifPresent(some -> some.beforeStep(rank, step));
            StepData data;
            try (Spans.Span span = rank.recorder().openOnHost("data", "")) {
                data = wait.read(sources.of(rank.context().rank()));
            }
            return rank.step().run(step, data, stop);
        }).getFirst();
        StepOutcome.Completed done = earlyEnd.requireCompleted(step, outcome);
        position.advance(sources.any().position());
        stoppedBy = done.stopping();
        stopped = !stoppedBy.isEmpty();
        StepResult result = throughput.result(step, position.sequences() * config.training().seqLen(), done,
                (System.nanoTime() - begin) / 1e9,
                wait.seconds(), sources.first());
        warnings.tell(step, done);
        told("telling of step " + step, () -> listener.made(result));
        profile.flatMap(some -> some.afterStep(step, !hasNext()))
                .ifPresent(file -> told("telling of the profile", () -> listener.profiled(file)));
        if (lost.isPresent()) {
            throw earlyEnd.lostOutput(lost.get(), true);
        }
        validateIfDue(listener);
        try {
            checkpoints.afterStep(position::progress);
            saveIfDue(listener);
        } finally {
            checkpoints.tell(saved -> told("telling of a checkpoint", () -> listener.saved(saved)));
        }
        if (!hasNext()) {
            checkpoints.lost().ifPresent(folder -> {
                throw earlyEnd.lostOutput(folder, false);
            });
        }
        return result;
    }

    /** Ends the run after the step that is under way. May be called from any thread. */
    public void requestStop() {
        stopRequested = true;
    }

    /**
     * The ranks whose processes have asked the run to end; empty unless it has ended because of that.
     *
     * @since 0.3.0
     */
    public List<Integer> stoppedBy() {
        return stoppedBy;
    }

    /**
     * Saves the run as it is.
     *
     * @throws RanksDisagreeException if ranks hold different copies of data that should be equal: nothing is saved
     * @param checkpoints folder of checkpoints
     * @return the checkpoint's own folder in it
     */
    public Path save(Path checkpoints) {
        return this.checkpoints.save(checkpoints, position.progress());
    }

    /**
     * Writes the model as it is, for other software: a folder in Hugging Face's layout. All processes of the run call this, and that of rank 0 writes. What is
     * exported is the checkpoint of this step; if the run has not saved one, it is saved beside the folder, as {@code NAME.checkpoint}, and
     * removed when the folder is complete. After the last step, the checkpoint is saved even if the folder turns out to exist already, and is then kept.
     *
     * @param folder is not there yet, or empty
     * @return what was written, in the process of rank 0
     * @throws InputException if the folder is there already or cannot be written, or the model fits no published class of its family
     */
    public Optional<ModelExport.Exported> export(Path folder, ExportOptions exportOptions) {
        return exports.write(folder, position.progress(), !hasNext(), "",
                source -> ModelExport.write(source, folder, exportOptions, registry));
    }

    /**
     * Writes the low-rank updates as they are, in PEFT's layout, as {@link #export} writes the model.
     *
     * @param folder is not there yet, or empty
     * @return what was written, in the process of rank 0
     * @throws InputException if the folder is there already or cannot be written, or the run trains all parameters
     * @since 0.3.0
     */
    public Optional<ModelExport.Exported> exportAdapter(Path folder) {
        return exports.write(folder, position.progress(), !hasNext(), "--adapter",
                source -> AdapterExport.write(source, folder, DType.F32, registry));
    }

    /** The newest checkpoint that this object has saved by itself, if it has saved one. */
    public Optional<Saved> lastSaved() {
        return checkpoints.newest();
    }

    /** The model folder whose weights the run has begun with; empty if it began with initial values, or continues a checkpoint. */
    public Optional<Start> start() {
        return start;
    }

    /**
     * The checkpoint that the run continues; empty if it began with its first step.
     *
     * @since 0.3.0
     */
    public Optional<Continued> continued() {
        return continued;
    }

    /** The folder to which the run saves its checkpoints; empty if it has no output folder. */
    public Optional<Path> checkpoints() {
        return options.output().map(TrainingRun::checkpoints);
    }

    /**
     * The newest validation of this object, if it has made one.
     *
     * @since 0.3.0
     */
    public Optional<ValidationResult> lastValidation() {
        return lastValidation;
    }

    /** Parameters and experts' biases by their Hugging Face names, as they are after the last step. */
    public RunTensors tensors() {
        return new RunTensors(session);
    }

    /** The open session, for tools that look at parameters and gradients. */
    public TrainingSession session() {
        return session;
    }

    @Override
    public void close() {
        checkpoints.close();
        try (ValidationBatches closed = ownValidation.orElse(null)) {
            sources.close();
        } finally {
            session.close();
        }
    }

    /** Validates before the checkpoint is saved, so that a run that continues it has the validation too. Does nothing if all ranks are about to end early. */
    private void validateIfDue(StepListener listener) {
        if (validation.isEmpty() || stopped
                || !validation.get().isDue(stepsDone(), stepsDone() == config.training().steps())) {
            return;
        }
        told("telling of step " + stepsDone(), listener::validating);
        ValidationResult result = validation.get().run(stepsDone(), () -> stopRequested);
        lastValidation = Optional.of(result);
        stoppedBy = result.stoppedBy();
        stopped = !stoppedBy.isEmpty();
        told("telling of the validation after step " + stepsDone(), () -> listener.validated(result));
    }

    /** A run without a folder keeps no memory for checkpoints. */
    private static TrainerConfig savedAsOpened(TrainerConfig config, RunOptions options) {
        return options.output().isPresent() ? config
                : config.withCheckpoint(config.checkpoint().withBackground(false));
    }

    private void saveIfDue(StepListener listener) {
        boolean due = stepsDone() % config.checkpoint().interval() == 0 || !hasNext();
        if (checkpoints.areEnabled() && due) {
            checkpoints.awaitEarlier(position::progress);
            // Check this before saving, which would create the folder again.
            Optional<Path> lost = checkpoints.lost();
            told("telling of step " + stepsDone(), listener::saving);
            checkpoints.saveOwn(position.progress(), !hasNext());
            lost.ifPresent(folder -> {
                throw earlyEnd.lostOutput(folder, true);
            });
        }
    }

    private void told(String phase, Runnable work) {
        session.launch().told(phase, () -> {
            work.run();
            return phase;
        });
    }

    /** The folder within a run's folder that has its checkpoints. */
    static Path checkpoints(Path output) {
        return output.resolve(CheckpointChoice.CHECKPOINTS);
    }
}
