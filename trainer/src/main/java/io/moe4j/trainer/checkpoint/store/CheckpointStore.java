package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A folder of checkpoints, and the state of each step's checkpoint in it. On the disk, the folder of a step has one of these names:
 *
 * <ul>
 * <li>{@code step-000000010}: a complete checkpoint; only such a folder counts as a checkpoint,
 * <li>{@code step-000000010.part}: being written; it never counts,
 * <li>{@code step-000000010.old}: whole, and being replaced by a newer one of the same step; it counts while {@code step-000000010} is not there,
 * <li>{@code step-000000010.gone}: being removed; it never counts,
 * <li>{@code step-000000010.damaged}: renamed by a run that continued an earlier step; it never counts, and is never removed.
 * </ul>
 *
 * {@link #sweep} completes or removes the folders that a killed run left in one of the other states. Only one process may write at a time.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class CheckpointStore {
    private final StepFolders folders;
    private final FileOperations files;

    /** @param folder the folder of checkpoints, which need not exist yet */
    public CheckpointStore(Path folder, FileOperations files) {
        this.folders = new StepFolders(folder.toAbsolutePath().normalize());
        this.files = new ToldOperations(files);
    }

    /** The folder of checkpoints. */
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

    /** The folder in which the checkpoint of a step is written until it is whole. */
    public Path part(long step) {
        return folders.named(step, StepNames.PART);
    }

    /** The folder of the checkpoint of a step when it is whole. */
    public Path place(long step) {
        return folders.named(step, "");
    }

    /** Completes or removes unfinished folders of a killed run; called before a run saves for the first time. */
    public void sweep() throws IOException {
        new Sweep(folders, files).run();
    }

    /** Begins the checkpoint of a step: makes an empty folder for its files, after removing that of an earlier attempt, if there is one. */
    public Path begin(long step) throws IOException {
        return new Publication(folders, files).begin(step);
    }

    /**
     * Waits until this process sees the folder that rank 0 has made.
     *
     * @param rank a rank of this process, for the message
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

    /** The file operations that change this folder. */
    FileOperations files() {
        return files;
    }

    /**
     * Makes an unfinished checkpoint a whole one, which replaces one of the same step. All its files must be forced already. When this returns, it is durable.
     *
     * @return the checkpoint
     */
    Path complete(long step) throws IOException {
        return new Publication(folders, files).complete(step);
    }

    /** Removes an unfinished checkpoint whose saving failed. What cannot be removed now is removed at the next start. */
    public void abandon(long step) {
        new Publication(folders, files).abandon(step);
    }

    /**
     * Removes all checkpoints but the newest ones. One that cannot be removed is returned, and removed at a later call.
     *
     * @param count how many are kept, at least 1
     * @return the checkpoints that could not be removed, and why
     */
    public List<String> keepLatest(int count) {
        return new Removal(folders, files).keepLatest(count);
    }

    /**
     * Renames a damaged checkpoint, so that it no longer counts.
     *
     * @return the new path; empty if the checkpoint is not in this folder
     */
    public Optional<Path> putAside(Path damaged) throws IOException {
        return new Removal(folders, files).putAside(damaged);
    }
}
