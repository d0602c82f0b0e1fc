package io.moe4j.chattemplate.python;

import java.util.List;

/** Makes one text of several. */
public final class Join {

    private Join() {}

    /**
     * The items with a text between them.
     *
     * @param any whether items of other types are converted to text; otherwise they are an error
     */
    public static String joined(String between, List<Object> items, boolean any) {
        StringBuilder all = new StringBuilder();
        String next = "";
        for (Object item : items) {
            String text = any ? Text.str(item) : Types.text(item, "join");
            Text.checkLength((long) all.length() + next.length() + text.length());
            all.append(next).append(text);
            next = between;
        }
        return all.toString();
    }
}
