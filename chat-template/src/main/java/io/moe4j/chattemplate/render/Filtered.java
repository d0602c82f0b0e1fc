package io.moe4j.chattemplate.render;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The items that pass a test. Each is tested only when it is asked for, because a loop's body may change the variables that the test reads. */
final class Filtered implements Iterator<Object> {
    private final Iterator<Object> all;
    private final Predicate<Object> test;
    private @Nullable Object next;

    Filtered(Iterator<Object> all, Predicate<Object> test) {
        this.all = all;
        this.test = test;
    }

    @Override
    public boolean hasNext() {
        while (next == null && all.hasNext()) {
            Object item = all.next();
            next = test.test(item) ? item : null;
        }
        return next != null;
    }

    @Override
    public Object next() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException();
        }
        Object item = next;
        next = null;
        return item;
    }
}
