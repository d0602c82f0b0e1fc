package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import java.util.ArrayList;
import java.util.List;

/**
 * How the queries of an attention are divided: each sequence into its documents, and each document into blocks. Blocks begin with the first token of their
 * document, so a document has the same bits wherever it lies in a sequence. This is computed when the work runs, because the starts are read from memory.
 * With blocks of 128 queries, documents of 200 and 30 tokens have the blocks 0 to 127 and 128 to 199, and 200 to 229.
 */
final class AttentionBlocks {
    private final long heads;
    private final List<List<Document>> documents = new ArrayList<>();
    private final List<List<Block>> blocks = new ArrayList<>();
    private final long[] firstTask;

    /** Tokens from {@code begin} (inclusive) to {@code end} (exclusive) of a sequence. */
    record Document(long begin, long end) {}

    /** {@code rows} queries from {@code first} on, of a document that begins at {@code begin}. */
    record Block(long begin, long first, int rows) {}

    /** One block of one head of one sequence. */
    record Task(long batch, long head, Block block) {}

    private AttentionBlocks(AttentionShape shape) {
        this.heads = shape.heads();
        this.firstTask = new long[Math.toIntExact(shape.batch()) + 1];
    }

    /** @throws DeviceException if the starts do not describe documents */
    static AttentionBlocks of(Forward a) {
        AttentionShape shape = a.shape();
        AttentionBlocks cut = new AttentionBlocks(shape);
        for (int batch = 0; batch < shape.batch(); batch++) {
            List<Document> found = new ArrayList<>();
            if (a.starts_BS().isEmpty()) {
                found.add(new Document(0, shape.sequence()));
            } else {
                find(a.starts_BS().get().address(), batch, shape.sequence(), found);
            }
            cut.add(batch, found);
        }
        return cut;
    }

    private static void find(long starts, long batch, long sequence, List<Document> found) {
        long begin = 0;
        for (long s = 0; s < sequence; s++) {
            int start = Lanes.getInt(starts, batch * sequence + s);
            if (start == s && s > 0) {
                found.add(new Document(begin, s));
                begin = s;
            } else if (start != begin) {
                throw new DeviceException(
                        "attention's starts have " + start + " for token " + s + " of sequence " + batch
                                + ", and its document begins at " + begin
                                + ": a start is 0 for the first token, then that of the"
                                + " token before it, or the token's own place");
            }
        }
        found.add(new Document(begin, sequence));
    }

    private void add(int batch, List<Document> ofSequence) {
        List<Block> cut = new ArrayList<>();
        for (Document document : ofSequence) {
            for (long first = document.begin; first < document.end; first += AttentionForward.QUERIES) {
                cut.add(new Block(document.begin, first,
                        (int) Math.min(AttentionForward.QUERIES, document.end - first)));
            }
        }
        documents.add(ofSequence);
        blocks.add(cut);
        firstTask[batch + 1] = firstTask[batch] + heads * cut.size();
    }

    /** Documents of a sequence, in order. */
    List<Document> documents(long batch) {
        return documents.get((int) batch);
    }

    /** Number of all blocks of all heads. */
    long tasks() {
        return firstTask[firstTask.length - 1];
    }

    /** Task number {@code index}. Blocks at the end of a head come first: in one document they see most keys, so the last tasks to start are the shortest. */
    Task task(long index) {
        int batch = 0;
        while (index >= firstTask[batch + 1]) {
            batch++;
        }
        List<Block> cut = blocks.get(batch);
        long within = index - firstTask[batch];
        return new Task(batch, within / cut.size(), cut.get(cut.size() - 1 - (int) (within % cut.size())));
    }
}
