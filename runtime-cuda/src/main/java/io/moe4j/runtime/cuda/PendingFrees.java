package io.moe4j.runtime.cuda;

import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cuda.driver.ContextLostException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory that other ranks may still use when its owner closes it. A thread waits for them and then frees it. So the owner need not wait, and can
 * report the failure if it closes because of one.
 */
public final class PendingFrees implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PendingFrees.class);

    private final Queue<Thread> threads = new ConcurrentLinkedQueue<>();

    /** Frees {@code memory} when {@code unused} has returned. {@code unused} must have a time limit, and must itself report why if it gives up. */
    public void add(Memory memory, Runnable unused) {
        threads.removeIf(thread -> !thread.isAlive());
        threads.add(Thread.ofPlatform().name("free " + memory.purpose()).daemon().start(() -> {
            try {
                unused.run();
            } finally {
                free(memory);
            }
        }));
    }

    private static void free(Memory memory) {
        try {
            memory.close();
        } catch (ContextLostException e) {
            log.debug("\"{}\" is gone with the context of its device", memory.purpose(), e);
        } catch (RuntimeException e) {
            log.warn("{} bytes for \"{}\" could not be freed", memory.bytes(), memory.purpose(), e);
        }
    }

    /** Waits until all memory is freed. */
    @Override
    public void close() {
        boolean interrupted = false;
        for (Thread thread; (thread = threads.peek()) != null;) {
            try {
                thread.join();
                threads.remove(thread);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
