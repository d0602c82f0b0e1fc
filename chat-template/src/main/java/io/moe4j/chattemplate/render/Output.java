package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Text;
import java.util.ArrayList;
import java.util.List;

/** The output so far, and its marked parts. */
public final class Output {
    private final StringBuilder text = new StringBuilder();
    private final List<Marked> marked = new ArrayList<>();
    private final boolean captured;
    private final Budget budget;

    private Output(boolean captured, Budget budget) {
        this.captured = captured;
        this.budget = budget;
    }

    /**
     * A part that is marked as the assistant's.
     *
     * @param from its start, in UTF-16 units
     * @param to its end
     */
    public record Marked(int from, int to) {}

    /** The output of the whole template. */
    static Output whole(Budget budget) {
        return new Output(false, budget);
    }

    /** Output that is captured by a macro, a variable or a filter. */
    Output capture() {
        return new Output(true, budget);
    }

    void append(String more) {
        budget.made(more);
        Text.checkLength((long) text.length() + more.length());
        text.append(more);
    }

    int length() {
        return text.length();
    }

    void mark(int from, boolean marks) {
        if (marks && captured) {
            throw new PythonError(
                    "a generation block is in a macro, a variable or a filter: where its text will be is not known;"
                            + " put it outside");
        }
        marked.add(new Marked(from, text.length()));
    }

    /** The text. */
    public String text() {
        return text.toString();
    }

    /** The marked parts in their order. */
    public List<Marked> marked() {
        return List.copyOf(marked);
    }
}
