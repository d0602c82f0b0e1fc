package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.CheckpointSave;
import io.moe4j.trainer.checkpoint.RankState;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.config.CheckpointConfig;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.session.TrainingSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Saves a run, and looks after the folders that it writes to. */
final class RunCheckpoints {
    private static final Logger log = LoggerFactory.getLogger(RunCheckpoints.class);

    private final CheckpointConfig config;
    private final Optional<Path> output;
    private final FileOperations files;
    private final TrainingSession session;
    private final OutputWatch watch = new OutputWatch();
    private Optional<Path> newest = Optional.empty();
    private long newestStep = -1;

    RunCheckpoints(CheckpointConfig config, RunOptions options, TrainingSession session) {
        this.config = config;
        this.output = options.output();
        this.files = options.files();
        this.session = session;
    }

    /** Whether the run saves itself. */
    boolean areEnabled() {
        return config.enable() && output.isPresent();
    }

    /**
     * Brings the output folder into order, before the first step.
     *
     * @param damaged checkpoints that were passed over, and would be taken for the newest
     */
    void prepare(List<Path> damaged) {
        boolean apart = session.launch().localRanks().size() < session.launch().worldSize();
        if (areEnabled() && apart) {
            requireShared(output.orElseThrow());
        }
        if (output.isPresent() && session.launch().hasFirstRank()) {
            sweep(store(TrainingRun.checkpoints(output.get())), damaged);
            watch.watch(output.get());
            watch.watch(TrainingRun.checkpoints(output.get()));
        }
    }

    /** A folder of the run that is gone, if this process looks after it. */
    Optional<Path> lost() {
        return watch.lost();
    }

    /** Saves the run into a folder of checkpoints. */
    Path save(Path checkpoints, Progress progress) {
        requireEqualCopies(progress.step());
        List<RankState> states = session.onRanks(RunCheckpoints::state);
        try (CheckpointSave save = new CheckpointSave(store(checkpoints), progress, states)) {
            session.onRanks(rank -> {
                rank.phase().enter("saving the checkpoint of step " + progress.step());
                save.run(state(rank));
                return rank;
            });
            log.info("saved {}", save.folder());
            return save.folder();
        }
    }

    /** Saves the run into its own folder, unless that has this step already. */
    Path saveOwn(Progress progress) {
        if (newest.isPresent() && newestStep == progress.step()) {
            return newest.get();
        }
        Path checkpoints = TrainingRun.checkpoints(output.orElseThrow());
        Path saved = save(checkpoints, progress);
        newest = Optional.of(saved);
        newestStep = progress.step();
        if (session.launch().hasFirstRank()) {
            if (config.keepLatestK() > 0) {
                store(checkpoints).keepLatest(config.keepLatestK());
            }
            if (watch.lost().isEmpty()) {
                watch.watch(output.get());
                watch.watch(checkpoints);
            }
        }
        return saved;
    }

    /** What {@link #saveOwn} has saved last. */
    Optional<TrainingRun.Saved> newest() {
        return newest.map(folder -> new TrainingRun.Saved(newestStep, folder));
    }

    /** What one rank holds wrongly must not be in a checkpoint from which all continue. */
    private void requireEqualCopies(long step) {
        session.onRanks(rank -> rank.step().differences(step)).getFirst().ifPresent(differences -> {
            throw Refusals.disagreement(step, differences);
        });
    }

    private void requireShared(Path folder) {
        try {
            session.onRanks(rank -> {
                SharedOutput.require(rank, folder);
                return rank;
            });
        } catch (RunFailedException e) {
            // That folders differ is a matter of what was given, not of a rank.
            throw e.getCause() instanceof InputException input ? input : e;
        }
    }

    /** The state of a rank. */
    static RankState state(RankSession rank) {
        return new RankState(rank.context(), rank.model(), rank.optimizer(), rank.groups().isFirstReplica());
    }

    private static void sweep(CheckpointStore store, List<Path> damaged) {
        try {
            store.sweep();
            for (Path each : damaged) {
                store.putAside(each).ifPresent(aside -> log.warn(
                        "{} is damaged, and was put aside as {}; remove it when you no longer need it", each, aside));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("what an earlier run left in " + store.folder()
                    + " cannot be removed; look at its permissions, or give another --output", e);
        }
    }

    private CheckpointStore store(Path checkpoints) {
        return new CheckpointStore(checkpoints, files);
    }
}
