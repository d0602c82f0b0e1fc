package io.moe4j.model.deepseek;

import java.util.ArrayDeque;
import java.util.Deque;

/** What has been opened, to be closed in reverse order, once. */
final class Resources implements AutoCloseable {
    private final Deque<Resource> open = new ArrayDeque<>();

    <T extends AutoCloseable> T add(T resource, Resource close) {
        open.push(close);
        return resource;
    }

    @Override
    public void close() {
        RuntimeException first = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (RuntimeException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    /** Closes something. */
    @FunctionalInterface
    interface Resource {
        void close();
    }
}
