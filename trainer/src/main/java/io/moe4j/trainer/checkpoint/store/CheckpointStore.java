package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of checkpoints, and the states of each step in it. On the disk a step is
 *
 * <ul>
 * <li>{@code step-000000010}: whole; it counts,
 * <li>{@code step-000000010.part}: being written; it never counts,
 * <li>{@code step-000000010.old}: whole, and being replaced by a newer one of the same step; it counts while {@code step-000000010} is not there,
 * <li>{@code step-000000010.gone}: being removed; it never counts,
 * <li>{@code step-000000010.damaged}: put aside by a run that went on from an earlier step; it never counts, and is never removed.
 * </ul>
 *
 * {@link #sweep} brings what a killed run left to one of the first and the last. One process writes at a time.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class CheckpointStore {
    private static final Logger log = LoggerFactory.getLogger(CheckpointStore.class);

    private final Path folder;
    private final FileOperations files;

    /** @param folder where checkpoints lie; it need not be there yet */
    public CheckpointStore(Path folder, FileOperations files) {
        this.folder = folder.toAbsolutePath().normalize();
        this.files = new ToldOperations(files);
    }

    /** Where checkpoints lie. */
    public Path folder() {
        return folder;
    }

    /** The checkpoints that count, the newest last. They may be damaged. */
    public List<Path> all() {
        Map<Long, Path> found = new TreeMap<>();
        entries(StepNames.OLD).forEach(found::put);
        entries("").forEach(found::put);
        return List.copyOf(found.values());
    }

    /** The newest checkpoint, if there is one. */
    public Optional<Path> newest() {
        List<Path> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** Where the checkpoint of a step is written until it is whole. */
    public Path part(long step) {
        return named(step, StepNames.PART);
    }

    /** Where the checkpoint of a step is when it is whole. */
    public Path place(long step) {
        return named(step, "");
    }

    /** Brings what a killed run left into order; called before a run saves for the first time. */
    public void sweep() throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        Map<Long, Path> old = entries(StepNames.OLD);
        Map<Long, Path> whole = entries("");
        List<Path> rubbish = new ArrayList<>(entries(StepNames.PART).values());
        rubbish.addAll(entries(StepNames.GONE).values());
        if (old.isEmpty() && rubbish.isEmpty()) {
            return;
        }
        // What was renamed before the kill is durable before anything that it replaces goes.
        files.forceFolder(folder);
        for (Map.Entry<Long, Path> each : old.entrySet()) {
            Path place = named(each.getKey(), "");
            if (whole.containsKey(each.getKey())) {
                discard(each.getKey(), each.getValue());
            } else if (isWhole(each.getValue())) {
                files.rename(each.getValue(), place);
                files.forceFolder(folder);
                log.warn("{} was being replaced when the run before was killed; it counts again", place);
            } else {
                rubbish.add(each.getValue());
            }
        }
        for (Path each : rubbish) {
            remove(each);
            log.info("removed {}, which a killed run left", each);
        }
    }

    /** Begins the checkpoint of a step: makes the folder that its files go to, without what an earlier attempt may have left there. */
    public Path begin(long step) throws IOException {
        makeFolders(folder);
        remove(part(step));
        files.makeFolder(part(step));
        return part(step);
    }

    /**
     * Waits until this process sees the folder that rank 0 has made.
     *
     * @param rank of this process, for the message
     */
    public void awaitPart(long step, int rank) throws IOException {
        Path part = part(step);
        if (SharedFolder.await(() -> Files.isDirectory(part) ? Optional.empty() : Optional.of("the folder"),
                SharedFolder.PATIENCE).isPresent()) {
            throw new IOException("rank 0 made the folder " + part + ", and rank " + rank + " on " + ThisHost.name()
                    + " does not see it" + SharedFolder.REMEDY);
        }
    }

    /** Writes a small file of an unfinished checkpoint; its name is durable after the folder is forced. */
    void write(Path file, byte[] content) throws IOException {
        try (var output = files.create(file)) {
            output.write(ByteBuffer.wrap(content), 0);
            output.force();
        }
    }

    /** The operations that this folder is changed by. */
    FileOperations files() {
        return files;
    }

    /**
     * Makes an unfinished checkpoint a whole one, in place of one of the same step. All its files are forced already. When this returns, it is durable.
     *
     * @return the checkpoint
     */
    Path complete(long step) throws IOException {
        Path place = named(step, "");
        Path old = named(step, StepNames.OLD);
        files.forceFolder(part(step));
        boolean replaces = Files.exists(place) || Files.exists(old);
        if (Files.exists(place)) {
            if (Files.exists(old)) {
                discard(step, old);
            }
            files.rename(place, old);
        }
        try {
            files.rename(part(step), place);
        } catch (IOException e) {
            putBack(replaces, old, place, e);
            throw e;
        }
        files.forceFolder(folder);
        if (replaces) {
            try {
                discard(step, old);
            } catch (IOException e) {
                log.warn("{} replaces {}, which cannot be removed ({}); the next start removes it", place, old,
                        e.getMessage());
            }
        }
        return place;
    }

    /** Removes an unfinished checkpoint whose saving failed. What cannot be removed is swept at the next start. */
    public void abandon(long step) {
        try {
            remove(part(step));
        } catch (IOException e) {
            log.warn("{} cannot be removed ({}); it does not count, and the next start removes it", part(step),
                    e.getMessage());
        }
    }

    /**
     * Removes all checkpoints but the newest ones. One that cannot be removed stays, is told of, and is tried again the next time.
     *
     * @param count how many stay, at least 1
     */
    public void keepLatest(int count) {
        List<Path> all = all();
        for (Path each : all.subList(0, Math.max(0, all.size() - count))) {
            OptionalLong step = StepNames.step(each, "");
            try {
                if (step.isPresent()) {
                    discard(step.getAsLong(), each);
                }
            } catch (IOException e) {
                log.warn("the old checkpoint {} cannot be removed ({}); the run goes on, and tries again after the next"
                        + " checkpoint", each, e.getMessage());
            }
        }
    }

    /**
     * Puts a damaged checkpoint aside, under a name that does not count.
     *
     * @return the new name; empty if it does not lie here
     */
    public Optional<Path> putAside(Path damaged) throws IOException {
        Path here = folder.resolve(damaged.getFileName());
        if (!Files.isDirectory(here) || !Files.isSameFile(here, damaged)) {
            return Optional.empty();
        }
        Path aside = here.resolveSibling(here.getFileName() + StepNames.DAMAGED);
        for (int i = 2; Files.exists(aside); i++) {
            aside = here.resolveSibling(here.getFileName() + StepNames.DAMAGED + "-" + i);
        }
        files.rename(here, aside);
        files.forceFolder(folder);
        return Optional.of(aside);
    }

    /** Removes a whole checkpoint; its new name is durable first, so that no half of one has the name of a whole one. */
    private void discard(long step, Path whole) throws IOException {
        Path gone = named(step, StepNames.GONE);
        remove(gone);
        files.rename(whole, gone);
        files.forceFolder(folder);
        remove(gone);
    }

    private void putBack(boolean replaces, Path old, Path place, IOException cause) {
        if (replaces) {
            try {
                files.rename(old, place);
            } catch (IOException second) {
                // It counts under its other name as well.
                cause.addSuppressed(second);
            }
        }
    }

    /** Makes folders that are not there, each durable in the one above it. */
    private void makeFolders(Path wanted) throws IOException {
        List<Path> missing = new ArrayList<>();
        Path parent = wanted;
        while (parent != null && !Files.isDirectory(parent)) {
            missing.addFirst(parent);
            parent = parent.getParent();
        }
        for (Path each : missing) {
            files.makeFolder(each);
        }
        // The run's own folder was made by other code, which need not have forced it: this makes it durable up to two levels above.
        Path above = wanted.getParent();
        for (int level = 0; above != null && (level < 2 || missing.contains(above)); level++) {
            files.forceFolder(above);
            above = above.getParent();
        }
    }

    private void remove(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> walked = Files.walk(tree)) {
            all = walked.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : all) {
            files.delete(each);
        }
    }

    private static boolean isWhole(Path checkpoint) {
        try {
            StoredCheckpoint.open(checkpoint);
            return true;
        } catch (DamageException e) {
            return false;
        }
    }

    private Path named(long step, String ending) {
        return folder.resolve(StepNames.of(step) + ending);
    }

    private Map<Long, Path> entries(String ending) {
        Map<Long, Path> found = new TreeMap<>();
        if (!Files.isDirectory(folder)) {
            return found;
        }
        try (Stream<Path> all = Files.list(folder)) {
            all.filter(Files::isDirectory).forEach(each -> StepNames.step(each, ending)
                    .ifPresent(step -> found.put(step, each)));
        } catch (IOException e) {
            throw new InputException(folder + " cannot be read (" + e + "); give a folder that you may read", e);
        }
        return found;
    }
}
