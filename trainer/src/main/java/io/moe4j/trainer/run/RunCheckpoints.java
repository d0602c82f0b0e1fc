package io.moe4j.trainer.run;

import io.moe4j.trainer.checkpoint.SaveFailedException;
import io.moe4j.trainer.checkpoint.SaveOutcome;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.config.CheckpointConfig;
import io.moe4j.trainer.session.TrainingSession;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves a run, at most one checkpoint at a time, and decides whether the run goes on if that fails. All processes of a run make the same decision, because
 * they check the result of a saving after the same step.
 */
final class RunCheckpoints {
    private static final Logger log = LoggerFactory.getLogger(RunCheckpoints.class);
    private static final byte UNDER_WAY = 0;
    private static final byte ENDED = 1;

    private final CheckpointConfig config;
    private final Optional<Path> output;
    private final FileOperations files;
    private final TrainingSession session;
    private final SaveStart start;
    private final Optional<OutputFolder> folder;
    /** The checkpoint that the run continues. */
    private final Optional<Path> continued;
    private final List<SaveResult> untold = new ArrayList<>();
    private Optional<RunningSave> running = Optional.empty();
    /** A saving whose checkpoint is durable, while old ones are still being removed. */
    private Optional<Removing> removing = Optional.empty();
    private Optional<TrainingRun.Saved> newest = Optional.empty();
    private int failures;

    /** @param result the result if all old checkpoints can be removed */
    private record Removing(RunningSave save, SaveResult result) {}

    RunCheckpoints(CheckpointConfig config, RunOptions options, TrainingSession session,
            Optional<Path> continued) {
        this.config = config;
        this.output = options.output();
        this.files = options.files();
        this.session = session;
        this.continued = continued;
        start = new SaveStart(session);
        folder = output.map(path -> new OutputFolder(path, session));
    }

    /** Whether the run saves itself. */
    boolean areEnabled() {
        return config.enable() && output.isPresent();
    }

    /**
     * Prepares the output folder before the first step.
     *
     * @param damaged damaged checkpoints that were passed over; without another name, they would be taken for the newest
     */
    void prepare(List<Path> damaged) {
        folder.ifPresent(each -> each.prepare(own(), areEnabled(), damaged));
    }

    /** A folder of the run that was removed or replaced; empty if there is none, or this process does not manage the folder. */
    Optional<Path> lost() {
        return folder.flatMap(OutputFolder::lost);
    }

    /** The last checkpoint that {@link #saveOwn} has saved. */
    Optional<TrainingRun.Saved> newest() {
        return newest;
    }

    /**
     * Saves the run into a folder of checkpoints, and waits until the checkpoint is durable.
     *
     * @throws CheckpointFailedException if that fails
     */
    Path save(Path checkpoints, Progress progress) {
        running.ifPresent(each -> collect());
        SaveOutcome outcome = start.waiting(new CheckpointStore(checkpoints, files), progress, 0, earlier()).await();
        outcome.failure().ifPresent(failure -> {
            throw failed(progress.step(), failure, "");
        });
        log.info("saved {}", outcome.folder());
        return outcome.folder();
    }

    /**
     * Saves the run into its own folder, unless that has this step already, and returns when the next step may begin. No other saving may be under way.
     *
     * @param last whether there is no next step: if so, this waits until the checkpoint is durable
     * @throws CheckpointFailedException if the run must not go on, because it has no checkpoint or would lose its last steps
     */
    void saveOwn(Progress progress, boolean last) {
        if (has(progress.step())) {
            return;
        }
        begin(progress);
        if (last || !start.isBesideSteps()) {
            settle(() -> progress);
            if (last && !has(progress.step())) {
                again(progress,
                        "the run has made its last step, and what it has learnt since the newest checkpoint is lost");
            }
        }
        if (last) {
            awaitRemoval();
        }
    }

    /** Waits until a checkpoint that is being written is durable, before the next saving begins. */
    void awaitEarlier(Supplier<Progress> now) {
        if (running.isPresent()) {
            settle(now);
        }
    }

    /** Checks whether a saving that is under way has ended. All processes call this after each step. */
    void afterStep(Supplier<Progress> now) {
        if (running.isPresent() && hasEndedEverywhere(running.get())) {
            settle(now);
        }
    }

    /**
     * Saves the run at its end into its own folder, unless that has this step already, and waits until the checkpoint is durable.
     *
     * @throws CheckpointFailedException if that fails
     */
    Path saveNow(Progress progress) {
        running.ifPresent(each -> collect());
        if (!has(progress.step())) {
            begin(progress);
            collect().failure().ifPresent(failure -> {
                throw failed(progress.step(), failure, "");
            });
        }
        awaitRemoval();
        return newest.orElseThrow().folder();
    }

    /** Reports the results of savings that were not reported yet. */
    void tell(Consumer<SaveResult> listener) {
        if (removing.filter(each -> each.save().isDone()).isPresent()) {
            awaitRemoval();
        }
        List<SaveResult> all = List.copyOf(untold);
        untold.clear();
        all.forEach(listener);
    }

    /** Waits for a saving that is under way. */
    void close() {
        try {
            if (running.isPresent()) {
                collect();
            }
            awaitRemoval();
        } catch (RuntimeException e) {
            log.warn("the checkpoint that was being saved is not complete: {}", e.getMessage());
        }
    }

    private void begin(Progress progress) {
        running = Optional.of(start.besideSteps(own(), progress, config.keepLatestK(), earlier()));
    }

    private Optional<RunningSave> earlier() {
        return removing.map(Removing::save);
    }

    /** Waits until old checkpoints are removed, and notes which could not be. */
    private void awaitRemoval() {
        Optional<Removing> ending = removing;
        removing = Optional.empty();
        ending.ifPresent(each -> untold.add(each.result().withNotRemoved(each.save().awaitRemoval())));
    }

    /** The checkpoint from which the run can go on: the last one that was saved, or the one that it continues. */
    private Optional<Path> standing() {
        return newest.map(TrainingRun.Saved::folder).or(() -> continued);
    }

    private boolean has(long step) {
        return newest.filter(saved -> saved.step() == step).isPresent();
    }

    private boolean hasEndedEverywhere(RunningSave save) {
        if (session.launch().isOneProcess()) {
            return save.isDone();
        }
        byte[] mine = {save.isDone() ? ENDED : UNDER_WAY};
        return session.launch().exchange("whether the checkpoint is saved", rank -> mine).stream()
                .allMatch(each -> each[0] == ENDED);
    }

    /** Waits for the saving that is under way, and decides whether the run goes on if it has failed. */
    private void settle(Supplier<Progress> now) {
        Optional<SaveFailedException> failure = collect().failure();
        if (failure.isEmpty()) {
            return;
        }
        if (failure.get().isNonFinite()) {
            throw failed(now.get().step(), failure.get(), "");
        }
        if (standing().isEmpty()) {
            again(now.get(),
                    "the run ends now, while little is lost: it has no checkpoint, and would go on with nothing"
                            + " saved");
        }
    }

    private void again(Progress progress, String otherwise) {
        log.warn("saving is tried once more, after step {}", progress.step());
        begin(progress);
        collect().failure().ifPresent(failure -> {
            throw failed(progress.step(), failure, otherwise);
        });
    }

    private CheckpointFailedException failed(long step, SaveFailedException failure, String otherwise) {
        return new CheckpointFailedException("the checkpoint of step " + step + " cannot be saved: "
                + failure.getMessage() + (otherwise.isEmpty() ? "" : ". It was tried twice; " + otherwise)
                + standing().map(folder -> ". The newest checkpoint is " + folder).orElse(""));
    }

    /** Waits until the checkpoint that is being written is durable or has failed, and notes that. */
    private SaveOutcome collect() {
        RunningSave ended = running.orElseThrow();
        SaveOutcome outcome;
        try {
            outcome = ended.await();
        } finally {
            running = Optional.empty();
        }
        // This saving began to write after the earlier removal had ended, so this does not wait.
        awaitRemoval();
        if (outcome.failure().isPresent()) {
            failures++;
            log.error("the checkpoint of step {} was not saved: {}. {}", outcome.step(),
                    outcome.failure().get().getMessage(),
                    standing().map(folder -> "The newest checkpoint is " + folder).orElse("There is no other one"));
        } else {
            newest = Optional.of(new TrainingRun.Saved(outcome.step(), outcome.folder()));
            folder.ifPresent(each -> each.saved(own(), outcome.folder()));
            log.info("saved {}", outcome.folder());
        }
        removing = Optional.of(new Removing(ended, new SaveResult(outcome.step(), outcome.folder(), outcome.bytes(),
                ended.heldSeconds(), outcome.seconds(), outcome.failure().map(SaveFailedException::getMessage),
                List.of(), failures)));
        if (outcome.failure().isPresent() || config.keepLatestK() == 0 || !start.isBesideSteps()) {
            awaitRemoval();
        }
        return outcome;
    }

    private CheckpointStore own() {
        return new CheckpointStore(TrainingRun.checkpoints(output.orElseThrow()), files);
    }
}
