package io.moe4j.app.terminal;

import java.util.ArrayList;
import java.util.List;

/**
 * What a terminal of a width shows of what was written to it: characters, line ends, the start of the line ({@code \r}), and clear to the end of the
 * line ({@code ESC [ K}). Anything else is an error: the program is to use nothing else. A line that is full goes on in the next row, when another character
 * comes, as xterm and tmux do it.
 */
public final class VirtualTerminal {
    private static final char ESCAPE = '\u001b';

    private final List<StringBuilder> rows = new ArrayList<>(List.of(new StringBuilder()));
    private int columns;
    private int row;
    private int column;

    public VirtualTerminal(int columns) {
        this.columns = columns;
    }

    /** Makes it wider or narrower; what is there stays, as xterm does it. */
    public void resize(int width) {
        columns = width;
    }

    public VirtualTerminal write(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                // The terminal's driver makes an end of line also a return to its start.
                case '\n' -> {
                    column = 0;
                    down();
                }
                case '\r' -> column = 0;
                case ESCAPE -> {
                    String sequence = text.substring(i, Math.min(text.length(), i + 3));
                    if (!sequence.equals(ESCAPE + "[K")) {
                        throw new IllegalStateException("unexpected control sequence " + sequence.substring(1));
                    }
                    rows.get(row).setLength(Math.min(column, rows.get(row).length()));
                    i += 2;
                }
                default -> put(c);
            }
        }
        return this;
    }

    private void down() {
        row++;
        if (row == rows.size()) {
            rows.add(new StringBuilder());
        }
    }

    private void put(char c) {
        if (c < ' ' || c > '~') {
            throw new IllegalStateException("unexpected character " + (int) c);
        }
        if (column >= columns) {
            column = 0;
            down();
        }
        StringBuilder line = rows.get(row);
        while (line.length() <= column) {
            line.append(' ');
        }
        line.setCharAt(column, c);
        column++;
    }

    /** What is shown, from the top; a line that goes on in the next row is several. */
    public List<String> rows() {
        return rows.stream().map(each -> each.toString().stripTrailing()).toList();
    }

    /** All rows but the last, as one text without the ends of rows: what stands above the line that is rewritten. */
    public String above() {
        return String.join("", rows.subList(0, rows.size() - 1));
    }
}
