package io.moe4j.trainer.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Messages with marks in their texts. A content that is a text, or a part of such a content, gets a mark before its first character that is not white space,
 * and one after its last such character. Reasoning texts and names of called functions are marked in the same way. For example, with marks as {@code [n]}:
 * {@code {"role": "user", "content": "Hi "}} becomes {@code {"role": "user", "content": "[0]Hi[1] "}}.
 *
 * <p>Marks of message i are numbered i · {@link #MOST}, i · {@code MOST} + 1, and so on.
 */
final class MarkedMessages {
    /** The most marks of a message. */
    static final int MOST = 1 << 10;
    private static final List<String> REASONING = List.of("reasoning_content", "reasoning", "thinking");

    private final Marks marks;
    /** Marks that are left out, because the template writes a different text with them. */
    private final Set<Integer> without;

    MarkedMessages(Marks marks, Set<Integer> without) {
        this.marks = marks;
        this.without = without;
    }

    /** The message that a mark is in. */
    static int owner(int mark) {
        return mark / MOST;
    }

    /** Whether a mark stands before the whole of its text. */
    static boolean isStart(int mark) {
        return mark % 2 == 0;
    }

    /** Messages with their marks. */
    List<Map<String, @Nullable Object>> of(List<Map<String, @Nullable Object>> messages) {
        List<Map<String, @Nullable Object>> marked = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            marked.add(of(i, messages.get(i)));
        }
        return marked;
    }

    /** A message that stands at this place of a conversation, with its marks. */
    Map<String, @Nullable Object> of(int place, Map<String, @Nullable Object> message) {
        return new One(place * MOST).of(message);
    }

    /** One message. Marks before texts have even numbers, those after them odd ones. */
    private final class One {
        private final int last;
        private int next;

        private One(int first) {
            next = first;
            last = first + MOST - 2;
        }

        Map<String, @Nullable Object> of(Map<String, @Nullable Object> message) {
            Map<String, @Nullable Object> marked = new LinkedHashMap<>(message);
            marked.computeIfPresent("content", (key, content) -> content(content));
            for (String key : REASONING) {
                marked.computeIfPresent(key, (name, text) -> text instanceof String written ? around(written) : text);
            }
            marked.computeIfPresent("tool_calls", (key, calls) -> calls(calls));
            return marked;
        }

        private Object content(Object content) {
            if (content instanceof String text) {
                return around(text);
            }
            if (!(content instanceof List<?> list)) {
                return content;
            }
            List<@Nullable Object> parts = new ArrayList<>();
            list.forEach(part -> parts.add(part(part)));
            return parts;
        }

        private @Nullable Object part(@Nullable Object part) {
            return part instanceof Map<?, ?> map && map.get("text") instanceof String text
                    ? with(map, "text", around(text))
                    : part;
        }

        private Object calls(Object calls) {
            if (!(calls instanceof List<?> list)) {
                return calls;
            }
            List<@Nullable Object> marked = new ArrayList<>();
            list.forEach(call -> marked.add(call instanceof Map<?, ?> map ? call(map) : call));
            return marked;
        }

        private Object call(Map<?, ?> call) {
            if (call.get("function") instanceof Map<?, ?> function && function.get("name") instanceof String name) {
                return with(call, "function", with(function, "name", around(name)));
            }
            return call.get("name") instanceof String name ? with(call, "name", around(name)) : call;
        }

        /** Marks around what is not white space at the ends of a text; templates may leave that out. */
        private String around(String text) {
            int start = 0;
            int end = text.length();
            while (start < end && isBlank(text.charAt(start))) {
                start++;
            }
            while (end > start && isBlank(text.charAt(end - 1))) {
                end--;
            }
            if (start == end || next > last) {
                return text;
            }
            String before = mark(next++);
            String after = mark(next++);
            return text.substring(0, start) + before + text.substring(start, end) + after + text.substring(end);
        }

        /** White space as Python's {@code strip} defines it. */
        private static boolean isBlank(char unit) {
            return Character.isWhitespace(unit) || Character.isSpaceChar(unit) || unit == '\u0085';
        }

        private String mark(int number) {
            return without.contains(number) ? "" : marks.of(number);
        }
    }

    private static Map<Object, @Nullable Object> with(Map<?, ?> map, String key, Object value) {
        Map<Object, @Nullable Object> changed = new LinkedHashMap<>(map);
        changed.put(key, value);
        return changed;
    }

    /** All numbers of marks that these messages get. */
    List<Integer> numbers(List<Map<String, @Nullable Object>> messages) {
        return of(messages).stream().flatMap(message -> marks.read(String.valueOf(message)).numbers().boxed())
                .distinct().sorted().toList();
    }
}
