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

/** Looks after the folder that a run saves itself in, in the process of rank 0. */
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
     * Brings it into order, before the first step.
     *
     * @param store its checkpoints
     * @param shared whether all processes must see it
     * @param damaged checkpoints that were passed over, and would be taken for the newest
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

    /** A folder of the run that is gone, if this process looks after it. */
    Optional<Path> lost() {
        return vanished.or(watch::lost);
    }

    /** Notes that a checkpoint was saved: folders that were made for it are watched from now on. */
    void saved(CheckpointStore store, Path checkpoint) {
        if (session.launch().hasFirstRank() && lost().isEmpty()) {
            if (!Files.isDirectory(checkpoint)) {
                // Its folder was removed before it could be watched.
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
            // That folders differ is a matter of what was given, not of a rank.
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
