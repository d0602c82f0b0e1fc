package io.moe4j.trainer.chat;

import io.moe4j.api.Shown;
import io.moe4j.data.ConversationException;
import io.moe4j.data.RenderedConversation.Part;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the answers in the text that a template without {@code generation} blocks renders from a conversation. An answer begins after the text with which the
 * template asks for an answer, and includes the text with which the template ends it.
 *
 * <p>A template may write a message differently if others follow it. So the text of the first messages need not be the beginning of the text of the whole
 * conversation. Places are therefore found with marks in the texts of messages ({@link MarkedMessages}). To find the beginning of an answer, the messages
 * before it are rendered with the prompt for an answer. The text after the last mark there must also follow the same mark in the whole conversation; the
 * answer begins after it. For example, with {@code [0]} and so on for marks:
 *
 * <pre>
 *   asked     &lt;user&gt;[0]Hi[1]&lt;end&gt;&lt;bot&gt;                              after [1]: &lt;end&gt;&lt;bot&gt;
 * whole &lt;user&gt;[0]Hi[1]&lt;end&gt;&lt;bot&gt;[2]Hello[3]&lt;end&gt;&lt;user&gt;… the answer begins after &lt;end&gt;&lt;bot&gt; up to it
 * &lt;user&gt;[0]Hi[1]&lt;end&gt;&lt;bot&gt;[2]Hello[3]&lt;end&gt; after [3]: &lt;end&gt;, with which the answer ends
 * </pre>
 *
 * <p>The whole conversation is also rendered without marks; with them, the text must be the same apart from the marks. A mark that changes it is left out. If
 * anything does not agree, the conversation is refused.
 */
final class AnswerFinder {
    /** The most messages times answers: 5,792 messages, half of them answers, which take a core about 15 s. 16 MiB may hold 50 times as many: hours. */
    private static final long MOST = 1 << 24;
    private static final String REMEDY = "; mark in the template what the assistant says, with {% generation %} and"
            + " {% endgeneration %}, and give it as data.chat_template";

    private final Template template;
    private final List<Map<String, @Nullable Object>> messages;
    private final String text;
    private final Marks marks;
    private MarkedMessages marked;
    /** All messages with their marks. Those of the first few are the first few of these. */
    private List<Map<String, @Nullable Object>> all;
    private MarkedText whole;

    private AnswerFinder(Template template, List<Map<String, @Nullable Object>> messages, String text, Marks marks)
            throws ConversationException {
        this.template = template;
        this.messages = messages;
        this.text = text;
        this.marks = marks;
        marked = new MarkedMessages(marks, Set.of());
        all = marked.of(messages);
        whole = read(all, false);
        if (!whole.text().equals(text)) {
            leaveOut();
        }
    }

    /**
     * The answers, in order.
     *
     * @param text the conversation as the template has rendered it
     * @throws ConversationException if they cannot be determined with certainty
     */
    static List<Part> answers(Template template, List<Map<String, @Nullable Object>> messages, String text)
            throws ConversationException {
        long answers = messages.stream().filter(Conversation::isAssistant).count();
        if (answers * messages.size() > MOST) {
            throw new ConversationException("has " + messages.size() + " messages, " + answers
                    + " of them answers, and their product must be at most " + MOST
                    + " where the chat template does not mark answers: it renders the messages before each of them"
                    + REMEDY + ", or divide the conversation");
        }
        Marks marks = Marks.notIn(text + messages)
                .orElseThrow(() -> new ConversationException("has all characters for private use"));
        return new AnswerFinder(template, messages, text, marks).answers();
    }

    /** The text that ends an answer to one question; empty if the template refuses such a conversation, or the text cannot be determined. */
    static Optional<String> ending(Template template) {
        List<Map<String, @Nullable Object>> messages = List.of(said("user", "x", false), said("assistant", "x", false));
        try {
            String text = template.render(messages, false);
            Optional<Marks> marks = Marks.notIn(text);
            return marks.isEmpty() ? Optional.empty()
                    : Optional.of(new AnswerFinder(template, messages, text, marks.get()).ending(1));
        } catch (ConversationException e) {
            return Optional.empty();
        }
    }

    /** Leaves out the marks that change the text. */
    private void leaveOut() throws ConversationException {
        List<Integer> numbers = marked.numbers(messages);
        Set<Integer> harmful = new HashSet<>();
        for (int mark : numbers) {
            Set<Integer> others = new HashSet<>(numbers);
            others.remove(mark);
            if (!isHarmless(new MarkedMessages(marks, others))) {
                harmful.add(mark);
            }
        }
        marked = new MarkedMessages(marks, harmful);
        if (!isHarmless(marked)) {
            throw refusal("its text depends on its messages' texts in a way that hides where they stand");
        }
        all = marked.of(messages);
        whole = read(all, false);
    }

    private MarkedText read(List<Map<String, @Nullable Object>> some, boolean prompt) throws ConversationException {
        return marks.read(template.render(some, prompt));
    }

    private boolean isHarmless(MarkedMessages some) {
        try {
            return marks.read(template.render(some.of(messages), false)).text().equals(text);
        } catch (ConversationException e) {
            return false;
        }
    }

    private List<Part> answers() throws ConversationException {
        List<Part> answers = new ArrayList<>();
        Optional<String> ending = Optional.empty();
        int after = 0;
        for (int i = 0; i < messages.size(); i++) {
            if (Conversation.isAssistant(messages.get(i))) {
                Place start = start(i);
                if (ending.isEmpty()) {
                    ending = Optional.of(ending(i));
                }
                int end = end(i, start, ending.get());
                if (start.at < after || end <= start.at) {
                    throw refusal("message " + (i + 1) + " would go from character " + start.at + " to " + end
                            + ", and what is before it ends at " + after);
                }
                answers.add(new Part(start.at, end));
                after = end;
            }
        }
        return answers;
    }

    /**
     * A place in the whole text.
     *
     * @param at the place
     * @param mark the mark before it from which it is counted; -1 for the beginning
     * @param offset from there
     */
    private record Place(int at, int mark, int offset) {}

    /** Where an answer begins: after the text that follows the last mark when the messages before it are rendered as a prompt. */
    private Place start(int message) throws ConversationException {
        MarkedText asked = read(all.subList(0, message), true);
        int mark = last(asked, 0, message);
        String asks = asked.from(place(asked, mark));
        int from = place(whole, mark);
        int same = common(asks, text, from);
        if (same < asks.length()) {
            // An answer in a conversation may begin differently from the prompt: <bot>, where the prompt is <bot><think>. It then begins where the two
            // differ.
            same = beginsAt(message, from + same) ? same : boundary(asks, same);
            if (same == 0) {
                throw refusal("it asks for message " + (message + 1) + " with \"" + shown(asks)
                        + "\", and in the conversation it has \"" + shown(text.substring(from)) + "\" there");
            }
        }
        return new Place(from + same, mark, same);
    }

    /** Whether the first text of a message begins at a place, perhaps after white space. */
    private boolean beginsAt(int message, int at) {
        int first = first(message);
        int begins = first < 0 ? -1 : whole.place(first);
        return begins >= at && text.substring(at, begins).isBlank();
    }

    /**
     * The last place up to {@code most} where a text may be split: after white space or {@code >}, not within a special token or a word; 0 if there is none.
     */
    private static int boundary(String asks, int most) {
        int at = asks.lastIndexOf('<', most - 1) > asks.lastIndexOf('>', most - 1) ? asks.lastIndexOf('<', most - 1)
                : most;
        while (at > 0 && Character.isLetterOrDigit(asks.charAt(at - 1))) {
            at--;
        }
        return at > 0 && (asks.charAt(at - 1) == '>' || Character.isWhitespace(asks.charAt(at - 1))) ? at : 0;
    }

    /** Where an answer ends: after {@code ending}, in the text that follows its last mark when the messages up to it are rendered. */
    private int end(int message, Place start, String ending) throws ConversationException {
        MarkedText upTo = message + 1 == messages.size() ? whole
                : read(all.subList(0, message + 1), false);
        int own = last(upTo, message, message + 1);
        int empty = blanks(text, start.at, text.length());
        if (own < 0 && !ending.isBlank() && text.startsWith(ending.stripLeading(), empty)) {
            // An answer without any text.
            return empty + ending.stripLeading().length();
        }
        int offset = own >= 0 ? 0 : start.offset;
        int mark = own >= 0 ? own : start.mark;
        if (place(upTo, mark) + offset > upTo.length()) {
            throw refusal("message " + (message + 1) + " is not there when no other follows it");
        }
        String rest = upTo.from(place(upTo, mark) + offset);
        int at = ending.isEmpty() ? rest.stripTrailing().length() : rest.lastIndexOf(ending) + ending.length();
        if (!ending.isEmpty() && rest.lastIndexOf(ending) < 0) {
            throw refusal("message " + (message + 1) + " ends with \"" + shown(rest) + "\", without the \""
                    + shown(ending) + "\" that other answers end with");
        }
        int from = place(whole, mark) + offset;
        if (own >= 0 && !MarkedMessages.isStart(own)) {
            // White space at the end of the answer's text, which the template may leave out if other messages follow.
            int blanks = blanks(rest, 0, at);
            int here = blanks(text, from, text.length());
            rest = rest.substring(blanks);
            at -= blanks;
            from = here;
        }
        if (!text.startsWith(rest.substring(0, at), from)) {
            throw refusal(
                    "message " + (message + 1) + " ends with \"" + shown(rest) + "\" when no other follows it, and"
                            + " in the conversation \"" + shown(text.substring(from)) + "\" is there");
        }
        return from + at;
    }

    /** The first place from {@code from} on, and at most {@code to}, that is no white space. */
    private static int blanks(String text, int from, int to) {
        int at = from;
        while (at < to && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /**
     * The text that ends an answer: the first word after the answer's text, which must be the same whether a message follows or not. Found by rendering with
     * a one-word answer in place of the first answer.
     */
    private String ending(int message) throws ConversationException {
        List<Map<String, @Nullable Object>> some = new ArrayList<>(all.subList(0, message));
        boolean parts = messages.get(message).get("content") instanceof List<?>;
        some.add(marked.of(message, said("assistant", "x", parts)));
        MarkedText alone = read(some, false);
        some.add(marked.of(message + 1, said("user", "y", parts)));
        MarkedText followed = read(some, false);
        int mark = message * MarkedMessages.MOST + 1;
        if (alone.place(mark) < 0 || followed.place(mark) < 0) {
            throw refusal("an answer \"x\" in the place of message " + (message + 1) + " is not there once");
        }
        String last = alone.from(place(alone, mark));
        int same = common(last, followed.from(place(followed, mark)), 0);
        String shared = last.substring(0, same);
        if (shared.isBlank()) {
            return same < last.length() && !last.isBlank() ? cut(last) : shared;
        }
        int end = 0;
        while (end < same && Character.isWhitespace(shared.charAt(end))) {
            end++;
        }
        while (end < same && !Character.isWhitespace(shared.charAt(end))) {
            end++;
        }
        return end == same && same < last.length() && !Character.isWhitespace(last.charAt(same)) ? cut(last)
                : shared.substring(0, end);
    }

    private static Map<String, @Nullable Object> said(String role, String word, boolean parts) {
        return Map.of("role", role, "content", parts ? List.of(Map.of("type", "text", "text", word)) : word);
    }

    private String cut(String last) throws ConversationException {
        throw refusal("it ends an answer with \"" + shown(last)
                + "\" if no message follows it, and otherwise with something else");
    }

    /** The last mark of messages in [from, to) that is in this text and in the whole; of two at one place, the one with the higher number; or -1. */
    private int last(MarkedText read, int from, int to) {
        return read.last(mark -> MarkedMessages.owner(mark) >= from && MarkedMessages.owner(mark) < to
                && whole.place(mark) >= 0);
    }

    /** The first mark of a message in the whole text, if it stands before a text; otherwise -1. */
    private int first(int message) {
        int first = whole.first(message * MarkedMessages.MOST, (message + 1) * MarkedMessages.MOST);
        return first >= 0 && MarkedMessages.isStart(first) ? first : -1;
    }

    private static int place(MarkedText read, int mark) {
        return mark < 0 ? 0 : Math.max(0, read.place(mark));
    }

    /** How many units two texts have in common, one from its beginning and the other from a place. */
    private static int common(String one, String other, int from) {
        int most = Math.min(one.length(), other.length() - from);
        int same = 0;
        while (same < most && one.charAt(same) == other.charAt(from + same)) {
            same++;
        }
        return same;
    }

    private static String shown(String value) {
        return Shown.of(value.length() > 60 ? value.substring(0, 60) + "…" : value);
    }

    private static ConversationException refusal(String seen) {
        return new ConversationException("has answers that cannot be found in what the chat template makes of it: "
                + seen + REMEDY);
    }
}
