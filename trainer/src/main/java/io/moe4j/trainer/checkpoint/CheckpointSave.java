package io.moe4j.trainer.checkpoint;

import io.moe4j.api.group.RankContext;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.Completion;
import io.moe4j.trainer.checkpoint.store.ProcessFiles;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.checkpoint.store.Receipt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One saving of a checkpoint. The ranks of all JVMs take part; each JVM writes its files, and the one with rank 0, which must see all of them, makes the
 * whole valid.
 */
public final class CheckpointSave implements AutoCloseable {
    private final CheckpointStore store;
    private final Progress progress;
    private final List<RankState> writing;
    private final ProcessFiles files;
    private final Map<ShardKind, PartWriter> writers = new EnumMap<>(ShardKind.class);
    private boolean begun;
    private volatile boolean complete;
    private boolean committing;
    private byte @Nullable [] receipt;

    /**
     * @param store where checkpoints lie
     * @param states those of this JVM
     */
    public CheckpointSave(CheckpointStore store, Progress progress, List<RankState> states) {
        this.store = store;
        this.progress = progress;
        this.writing = states.stream().filter(RankState::firstReplica).toList();
        this.files = new ProcessFiles(store, progress.step(),
                states.stream().map(state -> state.rank().rank()).toList());
    }

    /** The part of one rank; every rank's thread calls it. */
    public void run(RankState state) throws IOException {
        RankContext rank = state.rank();
        if (rank.rank() == 0) {
            store.begin(progress.step());
        }
        meet(rank, "checkpoint folder made", new byte[0]);
        openWriters(rank);
        if (state.firstReplica()) {
            for (PartWriter writer : writers()) {
                writer.write(state);
            }
        }
        meet(rank, "checkpoint written", new byte[0]);
        List<byte[]> receipts = meet(rank, "checkpoint complete", commit());
        if (rank.rank() == 0) {
            new Completion(store).complete(progress, distinct(receipts));
            complete = true;
        }
        meet(rank, "checkpoint valid", new byte[0]);
    }

    /** Where it lies when it is complete. */
    public Path folder() {
        return store.place(progress.step());
    }

    /** Ends the saving; unless it was completed, nothing of it counts. */
    @Override
    public synchronized void close() {
        files.close();
        boolean first = writing.stream().anyMatch(state -> state.rank().rank() == 0);
        if (first && !complete) {
            store.abandon(progress.step());
        }
    }

    private static List<byte[]> meet(RankContext rank, String key, byte[] mine) {
        return rank.rendezvous().exchange(rank.world(), key, mine);
    }

    /** Ranks of one process give the same receipt. */
    private static List<Receipt> distinct(List<byte[]> receipts) {
        List<byte[]> distinct = new ArrayList<>();
        receipts.stream().filter(each -> distinct.stream().noneMatch(other -> Arrays.equals(each, other)))
                .forEach(distinct::add);
        return distinct.stream().map(Receipt::decode).toList();
    }

    /** The first of this JVM's ranks opens the files for all of them. */
    private synchronized void openWriters(RankContext rank) throws IOException {
        if (begun) {
            return;
        }
        begun = true;
        store.awaitPart(progress.step(), rank.rank());
        if (!writing.isEmpty()) {
            for (ShardKind part : ShardKind.values()) {
                writers.put(part, new PartWriter(part, writing, files));
            }
        }
    }

    private synchronized List<PartWriter> writers() {
        return new ArrayList<>(writers.values());
    }

    /** The first of this JVM's ranks completes the files for all of them. */
    private synchronized byte[] commit() throws IOException {
        if (receipt != null) {
            return receipt;
        }
        if (committing) {
            throw new IOException("another rank of this process could not complete its files");
        }
        committing = true;
        byte[] mine = files.commit().encode();
        receipt = mine;
        return mine;
    }
}
