package io.moe4j.api.spi;

import io.moe4j.api.Stability;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opened resources of one owner, closed in reverse order. If closing one fails, the others are still closed; closing twice is harmless. For use by
 * one thread.
 *
 * <pre>{@code
 * static MyBackend open(CommConfig config, CommContext context) {
 *     return Resources.open("my_backend", resources -> new MyBackend(config, context, resources));
 * }
 * }</pre>
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Resources implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Resources.class);

    private final String owner;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** @param owner the name of the owner, for messages */
    public Resources(String owner) {
        this.owner = owner;
    }

    /**
     * Opens all or nothing: if {@code opening} fails, the resources that it has added are closed.
     *
     * @param opening opens and adds resources; its result owns them, and closes them when it is closed
     */
    public static <T> T open(String owner, Function<Resources, T> opening) {
        Resources resources = new Resources(owner);
        try {
            return opening.apply(resources);
        } catch (RuntimeException | Error e) {
            try {
                resources.close();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /** Adds a resource that has just been opened; it is closed before all those added earlier. */
    public <T extends AutoCloseable> T add(T resource) {
        opened.push(resource);
        return resource;
    }

    /**
     * Closes everything, the latest first.
     *
     * @throws IllegalStateException if something could not be closed, with the first failure as its cause and later ones suppressed
     */
    @Override
    public void close() {
        IllegalStateException failure = null;
        while (!opened.isEmpty()) {
            AutoCloseable resource = opened.pop();
            try {
                resource.close();
            } catch (Exception e) {
                log.debug("{}: closing {}", owner, resource, e);
                if (failure == null) {
                    failure = new IllegalStateException(owner + ": " + nameOf(resource)
                            + " could not be closed: " + e.getMessage(), e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** A class without a name of its own is told by the one that it is written in. */
    private static String nameOf(AutoCloseable resource) {
        Class<?> type = resource.getClass();
        return type.isAnonymousClass() ? type.getEnclosingClass().getSimpleName() : type.getSimpleName();
    }
}
