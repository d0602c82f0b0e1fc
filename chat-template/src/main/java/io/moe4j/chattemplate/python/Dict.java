package io.moe4j.chattemplate.python;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's dict, in the order in which keys were put in. Keys are equal as in Python: 1, 1.0 and True are one key. */
public final class Dict implements Container {
    private final Map<Object, Entry> entries;
    private final long weight;
    private final int depth;

    private Dict(Map<Object, Entry> entries, long weight, int depth) {
        this.entries = entries;
        this.weight = weight;
        this.depth = depth;
    }

    /** A key with its value. */
    public record Entry(Object key, Object value) {

        /** Key and value as the tuple that a loop over {@code items()} gets. */
        public Tuple tuple() {
            return Tuple.of(key, value);
        }
    }

    /** Collects entries. */
    public static final class Builder {
        private final Map<Object, Entry> entries = new LinkedHashMap<>();

        /** Puts an entry; an existing key keeps its position. */
        public Builder put(Object key, Object value) {
            Object hashed = hashed(key);
            Entry before = entries.get(hashed);
            entries.put(hashed, new Entry(before == null ? key : before.key(), value));
            return this;
        }

        /** Adds a key without a value; false if it exists already. */
        public boolean add(Object key) {
            return entries.putIfAbsent(hashed(key), new Entry(key, None.NONE)) == null;
        }

        /** The dict. */
        public Dict build() {
            long weight = 0;
            int depth = 1;
            for (Entry entry : entries.values()) {
                weight = Container.weightWith(Container.weightWith(weight, entry.key()), entry.value());
                depth = Container.depthWith(Container.depthWith(depth, entry.key()), entry.value());
            }
            return new Dict(new LinkedHashMap<>(entries), weight, depth);
        }
    }

    @Override
    public long weight() {
        return weight;
    }

    @Override
    public int depth() {
        return depth;
    }

    /** How many entries it has. */
    public int size() {
        return entries.size();
    }

    /** The value of a key; null if there is no such key. */
    public @Nullable Object get(Object key) {
        Entry entry = entries.get(hashed(key));
        return entry == null ? null : entry.value();
    }

    /** Keys with values. */
    public List<Entry> entries() {
        return new ArrayList<>(entries.values());
    }

    /** The keys. */
    public List<Object> keys() {
        return entries.values().stream().map(Entry::key).toList();
    }

    /** The values. */
    public List<Object> values() {
        return entries.values().stream().map(Entry::value).toList();
    }

    /** A key in a form in which keys that are equal in Python are equal in Java too. */
    static Object hashed(Object key) {
        return switch (key) {
            case Boolean bool -> bool ? 1L : 0L;
            case Double number when number == Math.rint(number) && Math.abs(number) < 0x1p63 -> number.longValue();
            case Markup markup -> markup.text();
            case Tuple tuple -> tuple.items().stream().map(Dict::hashed).toList();
            case PyList list -> throw unhashable(list);
            case Dict dict -> throw unhashable(dict);
            default -> key;
        };
    }

    private static PythonError unhashable(Object key) {
        return new PythonError("a " + Types.name(key) + " cannot be a key of a dict; use a text or a number");
    }
}
