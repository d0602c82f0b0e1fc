package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.session.TrainingSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Manages the folder in which a run saves itself; only in the process of rank 0. */
final class OutputFolder {
    private static final Logger log = LoggerFactory.getLogger(OutputFolder.class);

    private final Path output;
    private final TrainingSession session;
    private final OutputWatch watch = new OutputWatch();
    private Optional<Path> vanished = Optional.empty();

    OutputFolder(Path output, TrainingSession session) {
        this.output = output;
        this.session = session;
    }

    /**
     * Prepares the folder before the first step: removes what an interrupted run has left, and renames damaged checkpoints.
     *
     * @param store the checkpoints in the folder
     * @param shared whether all processes must see it
     * @param damaged damaged checkpoints that were passed over; without another name, they would be taken for the newest
     */
    void prepare(CheckpointStore store, boolean shared, List<Path> damaged) {
        if (shared && !session.launch().isOneProcess()) {
            requireShared();
        }
        if (session.launch().hasFirstRank()) {
            sweep(store, damaged);
            watch.watch(output);
            watch.watch(store.folder());
        }
    }

    /** A folder of the run that was removed or replaced; empty if there is none, or this process does not manage the folder. */
    Optional<Path> lost() {
        return vanished.or(watch::lost);
    }

    /** Notes that a checkpoint was saved: its folder is watched from now on. */
    void saved(CheckpointStore store, Path checkpoint) {
        if (session.launch().hasFirstRank() && lost().isEmpty()) {
            if (!Files.isDirectory(checkpoint)) {
                // The checkpoint's folder was removed before it could be watched.
                vanished = Optional.of(store.folder());
            }
            watch.watch(output);
            watch.watch(store.folder());
        }
    }

    private void requireShared() {
        try {
            session.onRanks(rank -> {
                SharedOutput.require(rank, output);
                return rank;
            });
        } catch (RunFailedException e) {
            // Different folders are a fault of the input, and not a failure of a rank.
            throw e.getCause() instanceof InputException input ? input : e;
        }
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
}
