package io.moe4j.trainer.checkpoint;

import io.moe4j.api.Shown;
import io.moe4j.api.host.FreeSpace;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.Completion;
import io.moe4j.trainer.checkpoint.store.ProcessFiles;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.checkpoint.store.Receipt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * One saving of a checkpoint. All processes of a run take part: each writes its files, and the one with rank 0, which must see all of them, makes the
 * checkpoint valid.
 */
public final class CheckpointSave {
    private final CheckpointStore store;
    private final Progress progress;
    private final List<Integer> localRanks;
    private final SavingProcesses processes;
    private final int kept;

    /**
     * @param store the folder of checkpoints
     * @param progress how far the run has come
     * @param localRanks the ranks of this process, ascending
     * @param kept how many of the newest checkpoints are kept when this one is complete; 0 for all
     */
    public CheckpointSave(CheckpointStore store, Progress progress, List<Integer> localRanks,
            SavingProcesses processes, int kept) {
        this.store = store;
        this.progress = progress;
        this.localRanks = List.copyOf(localRanks);
        this.processes = processes;
        this.kept = kept;
    }

    /**
     * Saves. All processes call this, and all get the same outcome. Waits until the checkpoint is durable. Old checkpoints are not removed yet.
     *
     * @param earlier waits until this process has finished all other work in the folder of checkpoints; the other processes wait for that, however long it
     * takes
     * @throws RuntimeException if another process has failed: the checkpoint then does not count
     */
    public SaveOutcome run(StateWriting writing, Runnable earlier) {
        long begin = System.nanoTime();
        PatientMeeting meeting = new PatientMeeting(processes, "checkpoint of step " + progress.step());
        boolean complete = false;
        try (ProcessFiles files = new ProcessFiles(store, progress.step(), localRanks)) {
            meeting.meet("folder", () -> {
                earlier.run();
                return makeFolder();
            });
            List<byte[]> receipts = meeting.meet("files", () -> writeFiles(files, writing));
            List<byte[]> bytes = meeting.meet("whole", () -> makeWhole(receipts));
            complete = true;
            return outcome(begin, ByteBuffer.wrap(bytes.getFirst()).getLong(), Optional.empty());
        } catch (SaveFailedException e) {
            return outcome(begin, 0, Optional.of(e));
        } finally {
            if (!complete && processes.haveFirstRankHere()) {
                store.abandon(progress.step());
            }
        }
    }

    /**
     * Removes the checkpoints that are no longer kept, in the process of rank 0. Called after a saving that has succeeded.
     *
     * @return the checkpoints that could not be removed, and why
     */
    public List<String> removeOld() {
        return kept == 0 || !processes.haveFirstRankHere() ? List.of() : store.keepLatest(kept);
    }

    private SaveOutcome outcome(long begin, long bytes, Optional<SaveFailedException> failure) {
        return new SaveOutcome(progress.step(), store.place(progress.step()), bytes,
                (System.nanoTime() - begin) / 1e9, failure);
    }

    private byte[] makeFolder() throws IOException {
        if (processes.haveFirstRankHere()) {
            store.begin(progress.step());
        }
        return new byte[0];
    }

    /** The receipt of this process. */
    private byte[] writeFiles(ProcessFiles files, StateWriting writing) throws IOException {
        store.awaitPart(progress.step(), localRanks.getFirst());
        List<RankLayout> layouts = writing.layouts();
        OptionalLong free = FreeSpace.at(store.folder());
        try {
            if (!layouts.isEmpty()) {
                List<PartWriter> writers = new ArrayList<>();
                for (ShardKind part : ShardKind.values()) {
                    writers.add(new PartWriter(part, layouts, files));
                }
                writing.write(state -> writers.forEach(writer -> writer.write(state)));
            }
            return files.commit().encode();
        } catch (UncheckedIOException e) {
            throw sized(e.getCause() == null ? new IOException(e) : e.getCause(), layouts, free);
        } catch (IOException e) {
            throw sized(e, layouts, free);
        }
    }

    /** Adds to an error the bytes that were to be written, and the free space before writing. */
    private static IOException sized(IOException failure, List<RankLayout> layouts, OptionalLong free) {
        String size = "The tensors that this process writes take "
                + Shown.bytes(layouts.stream().mapToLong(RankLayout::bytes).sum());
        return new IOException(Shown.fileProblem(failure) + ". " + size
                + (free.isEmpty() ? "" : ", and " + Shown.bytes(free.getAsLong()) + " were free there before"),
                failure);
    }

    /** The bytes of all files, as the process of rank 0 reports them. */
    private byte[] makeWhole(List<byte[]> receipts) throws IOException {
        long bytes = 0;
        if (processes.haveFirstRankHere()) {
            bytes = size(new Completion(store).complete(progress, distinct(receipts)));
        }
        return ByteBuffer.allocate(Long.BYTES).putLong(bytes).array();
    }

    /** The receipts of all processes, each once: ranks of one process give the same receipt. */
    private static List<Receipt> distinct(List<byte[]> receipts) {
        List<byte[]> distinct = new ArrayList<>();
        receipts.stream().filter(each -> distinct.stream().noneMatch(other -> Arrays.equals(each, other)))
                .forEach(distinct::add);
        return distinct.stream().map(Receipt::decode).toList();
    }

    private static long size(Path checkpoint) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path each : (Iterable<Path>) files::iterator) {
                bytes += Files.size(each);
            }
        }
        return bytes;
    }
}
