package io.moe4j.chattemplate.render;

import java.util.Iterator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Items that are prepared when the first is asked for; errors appear then too. */
final class Lazy implements Iterator<Object> {
    private final Supplier<Iterator<Object>> source;
    private @Nullable Iterator<Object> items;

    Lazy(Supplier<Iterator<Object>> source) {
        this.source = source;
    }

    private Iterator<Object> items() {
        Iterator<Object> all = items == null ? source.get() : items;
        items = all;
        return all;
    }

    @Override
    public boolean hasNext() {
        return items().hasNext();
    }

    @Override
    public Object next() {
        return items().next();
    }
}
