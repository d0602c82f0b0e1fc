package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoint that a path stands for: the path itself, or the newest checkpoint in it, or the newest one in the folder {@link #CHECKPOINTS} of a run.
 *
 * @param checkpoint the checkpoint to continue
 * @param damaged newer checkpoints that were skipped because they are damaged, the newest first
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record CheckpointChoice(StoredCheckpoint checkpoint, List<Path> damaged) {
    /** The folder within a run's folder that has its checkpoints. */
    public static final String CHECKPOINTS = "checkpoints";
    private static final Logger log = LoggerFactory.getLogger(CheckpointChoice.class);

    public CheckpointChoice {
        damaged = List.copyOf(damaged);
    }

    /**
     * The checkpoints that a path stands for, the newest last; empty if the path is no checkpoint and contains none.
     *
     * @throws InputException if this user lacks the permission to read the folder
     */
    public static List<Path> candidates(Path path) {
        UnreadableFile.requireReachable(path.resolve(Manifest.FILE));
        if (isCheckpoint(path)) {
            return List.of(path);
        }
        Path replaced = path.resolveSibling(path.getFileName() + StepNames.OLD);
        if (!Files.exists(path) && isCheckpoint(replaced)) {
            return List.of(replaced);
        }
        List<Path> inside = all(path);
        return inside.isEmpty() ? all(path.resolve(CHECKPOINTS)) : inside;
    }

    /**
     * The run that was written last, of those with checkpoints in a folder of runs; empty if there is none.
     *
     * @since 0.3.0
     */
    public static Optional<Path> newestRun(Path folder) {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(CheckpointChoice::hasCheckpoint)
                    .max(Comparator.comparingLong(run -> run.toFile().lastModified()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean hasCheckpoint(Path folder) {
        try {
            return !candidates(folder).isEmpty();
        } catch (InputException e) {
            // A folder beside the runs that this user may not read, such as those of other users in /tmp.
            return false;
        }
    }

    /**
     * Chooses the newest checkpoint, if it is whole.
     *
     * @param mine the numbers, from 0, of the shares of its bytes that this process compares with their digests
     * @param shares number of shares
     * @throws InputException if there is none, or it is damaged: the message names the newest whole one
     */
    public static CheckpointChoice newest(Path path, Set<Integer> mine, int shares) {
        Path newest = require(path).getLast();
        try {
            StoredCheckpoint opened = StoredCheckpoint.open(newest);
            opened.verify(mine, shares);
            return new CheckpointChoice(opened, List.of());
        } catch (DamageException e) {
            throw damaged(newest, e);
        }
    }

    /**
     * Chooses the newest checkpoint for its weights only: weights are compared with their digests, and moments are not read.
     *
     * @throws InputException if there is none, or it is damaged: the message names the newest whole one
     */
    public static CheckpointChoice newestWeights(Path path) {
        Path newest = require(path).getLast();
        try {
            StoredCheckpoint opened = StoredCheckpoint.open(newest);
            opened.verifyWeights();
            return new CheckpointChoice(opened, List.of());
        } catch (DamageException e) {
            throw damaged(newest, e, ": give that one", ": restore its files from a copy");
        }
    }

    /**
     * Chooses the newest checkpoint that is whole; every byte of it is compared with its digest.
     *
     * @throws InputException if there is none
     */
    public static CheckpointChoice newestWhole(Path path) {
        List<Path> all = new ArrayList<>(siblings(require(path).getLast()));
        List<Path> damaged = new ArrayList<>();
        while (!all.isEmpty()) {
            Path next = all.removeLast();
            Optional<StoredCheckpoint> whole = whole(next);
            if (whole.isPresent()) {
                return new CheckpointChoice(whole.get(), damaged);
            }
            damaged.add(next);
        }
        throw new InputException("no checkpoint of " + path + " is whole, of " + damaged.size()
                + "; begin anew, without checkpoint.resume and with another --output");
    }

    /** The message about a damaged checkpoint that a run was to continue: what is damaged, and what to do. */
    public static InputException damaged(Path checkpoint, DamageException damage) {
        return damaged(checkpoint, damage, ": add --checkpoint.resume_from newest_whole to go on from it",
                ": begin anew, without checkpoint.resume and with another --output");
    }

    /**
     * The message about a damaged checkpoint.
     *
     * @param other what to do if another checkpoint is whole
     * @param none what to do if no checkpoint is whole
     */
    private static InputException damaged(Path checkpoint, DamageException damage, String other, String none) {
        List<Path> others = new ArrayList<>(siblings(checkpoint));
        others.remove(checkpoint);
        Optional<StoredCheckpoint> whole = others.reversed().stream().flatMap(each -> whole(each).stream()).findFirst();
        return new InputException(checkpoint + " is damaged: " + damage.getMessage() + ". "
                + whole.map(found -> "The newest whole checkpoint is " + found.folder() + other)
                        .orElse("No other checkpoint beside it is whole" + none),
                damage);
    }

    private static List<Path> require(Path path) {
        List<Path> found = candidates(path);
        if (found.isEmpty()) {
            throw new InputException(newestRun(path)
                    .map(run -> path + " is no run, and has some; give checkpoint.resume one of them, such as " + run)
                    .orElseGet(() -> path + (Files.exists(path) ? " is no checkpoint and has none: there is no "
                            + Manifest.FILE + " in it, and no folder step-…" : " does not exist")
                            + "; give checkpoint.resume the folder of a checkpoint, or of a run that has saved some, or"
                            + " leave it empty to begin anew"));
        }
        return found;
    }

    private static Optional<StoredCheckpoint> whole(Path folder) {
        try {
            StoredCheckpoint opened = StoredCheckpoint.open(folder);
            opened.verify();
            return Optional.of(opened);
        } catch (DamageException e) {
            log.warn("{} is damaged, and is passed over: {}", folder, e.getMessage());
            return Optional.empty();
        }
    }

    /** All checkpoints in the folder of this one, including itself, the newest last. */
    private static List<Path> siblings(Path checkpoint) {
        Path parent = checkpoint.toAbsolutePath().normalize().getParent();
        List<Path> all = parent == null ? List.of() : all(parent);
        boolean listed = all.stream().anyMatch(each -> each.getFileName().equals(checkpoint.getFileName()));
        return listed ? all.stream().map(each -> checkpoint.resolveSibling(each.getFileName())).toList()
                : List.of(checkpoint);
    }

    private static List<Path> all(Path folder) {
        return new CheckpointStore(folder, FileOperations.disk()).all();
    }

    /** A folder with a config.json is a model folder and not a checkpoint, even if its files have the names of the oldest checkpoint layout. */
    private static boolean isCheckpoint(Path path) {
        return Files.exists(path.resolve(Manifest.FILE)) || Files.exists(path.resolve(Progress.FILE))
                || (Files.isDirectory(path) && (StepNames.step(path, "").isPresent()
                        || (OldLayout.isOne(path) && !Files.exists(path.resolve("config.json")))));
    }
}
