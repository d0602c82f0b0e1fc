package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
    private final StepFolders folders;
    private final FileOperations files;

    /** @param folder where checkpoints lie; it need not be there yet */
    public CheckpointStore(Path folder, FileOperations files) {
        this.folders = new StepFolders(folder.toAbsolutePath().normalize());
        this.files = new ToldOperations(files);
    }

    /** Where checkpoints lie. */
    public Path folder() {
        return folders.folder();
    }

    /** The checkpoints that count, the newest last. They may be damaged. */
    public List<Path> all() {
        return folders.counting();
    }

    /** The newest checkpoint, if there is one. */
    public Optional<Path> newest() {
        List<Path> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** Where the checkpoint of a step is written until it is whole. */
    public Path part(long step) {
        return folders.named(step, StepNames.PART);
    }

    /** Where the checkpoint of a step is when it is whole. */
    public Path place(long step) {
        return folders.named(step, "");
    }

    /** Brings what a killed run left into order; called before a run saves for the first time. */
    public void sweep() throws IOException {
        new Sweep(folders, files).run();
    }

    /** Begins the checkpoint of a step: makes the folder that its files go to, without what an earlier attempt may have left there. */
    public Path begin(long step) throws IOException {
        return new Publication(folders, files).begin(step);
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
        return new Publication(folders, files).complete(step);
    }

    /** Removes an unfinished checkpoint whose saving failed. What cannot be removed is swept at the next start. */
    public void abandon(long step) {
        new Publication(folders, files).abandon(step);
    }

    /**
     * Removes all checkpoints but the newest ones. One that cannot be removed stays, is told of, and is tried again the next time.
     *
     * @param count how many stay, at least 1
     * @return those that could not be removed, and why
     */
    public List<String> keepLatest(int count) {
        return new Removal(folders, files).keepLatest(count);
    }

    /**
     * Puts a damaged checkpoint aside, under a name that does not count.
     *
     * @return the new name; empty if it does not lie here
     */
    public Optional<Path> putAside(Path damaged) throws IOException {
        return new Removal(folders, files).putAside(damaged);
    }
}
