package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Threads that tokenize portions of documents. Results are taken in the order in which portions were put in. */
final class TokenizingPool implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final ExecutorService threads;
    private final Deque<Future<Tokenized>> waiting = new ArrayDeque<>();
    private final int most;

    /** A portion's tokens. */
    record Tokenized(List<TokenizedDocument> documents, TokenizePlace after) {}

    TokenizingPool(Tokenizer tokenizer, int count) {
        this.tokenizer = tokenizer;
        threads = Executors.newFixedThreadPool(count,
                Thread.ofPlatform().daemon().name("moe4j-tokenize-", 0).factory());
        most = 2 * count + 1;
    }

    boolean isFull() {
        return waiting.size() >= most;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    void submit(RawDocuments.Portion portion) {
        waiting.add(threads.submit(() -> {
            List<TokenizedDocument> done = new ArrayList<>();
            for (RawDocuments.Raw raw : portion.documents()) {
                done.add(TokenizedDocument.of(raw, tokenizer));
            }
            return new Tokenized(done, portion.after());
        }));
    }

    /** Waits for, and removes, the result of the oldest portion. */
    Tokenized take() {
        try {
            return waiting.remove().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("tokenizing was interrupted");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error problem) {
                throw problem;
            }
            throw e.getCause() instanceof RuntimeException problem ? problem : new IllegalStateException(e);
        }
    }

    /** Waits until no thread uses the tokenizer, so that it can be closed. */
    @Override
    public void close() {
        threads.shutdownNow();
        threads.close();
    }
}
