package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.syntax.Statement.Branch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Reads a template: texts, outputs, and tags with their bodies. */
public final class StatementParser {
    private static final String KNOWN = "for, if, set, macro, call, filter, with, generation, break, continue, print, raw";
    /** The largest depth of nested bodies, so that reading and executing them needs a bounded stack. */
    private static final int DEEPEST = 100;

    private final TokenStream tokens;
    private final Names names;
    private final ExpressionParser expressions;
    private final TargetParser targets;
    private final MacroParser macros;
    private int loops;
    private int depth;
    private boolean generation;

    private StatementParser(List<Token> tokens, Names names) {
        this.tokens = new TokenStream(tokens);
        this.names = names;
        expressions = new ExpressionParser(this.tokens, names);
        targets = new TargetParser(this.tokens, expressions.postfix());
        macros = new MacroParser(this.tokens, expressions, this);
    }

    /**
     * Reads a whole template.
     *
     * @param source normalized: see {@link #normalized}
     * @param filters which filters there are
     * @param tests which tests there are
     * @throws TemplateFault if it is not understood
     */
    public static Template parse(String source, Predicate<String> filters, Predicate<String> tests) {
        Names names = new Names(filters, tests);
        StatementParser parser = new StatementParser(Lexer.tokens(source), names);
        List<Statement> statements = parser.body(Set.of());
        names.first().ifPresent(fault -> {
            throw fault;
        });
        return new Template(statements, parser.generation, Frame.unset(statements));
    }

    /** The text of a template with all newlines as {@code \n}, without one at the end. Positions refer to it. */
    public static String normalized(String source) {
        return Lexer.normalized(source);
    }

    /** Statements up to a tag with one of these names, whose opening is taken, or up to the end. */
    private List<Statement> body(Set<String> ends) {
        List<Statement> all = new ArrayList<>();
        Token begin = tokens.peek();
        if (++depth > DEEPEST) {
            throw new TemplateFault(begin.at(), "tags are in each other " + depth + " deep; at most " + DEEPEST
                    + " are, so use macros");
        }
        while (true) {
            Token token = tokens.take();
            switch (token.kind()) {
                case TEXT -> all.add(new Statement.Text(token.text()));
                case OUTPUT_BEGIN -> {
                    all.add(new Statement.Output(tuple()));
                    tokens.expect(Token.Kind.OUTPUT_END, "\"}}\"");
                }
                case TAG_BEGIN -> {
                    if (tokens.peek().kind() == Token.Kind.NAME && ends.contains(tokens.peek().text())) {
                        depth--;
                        return List.copyOf(all);
                    }
                    all.addAll(statement());
                    tokens.expect(Token.Kind.TAG_END, "\"%}\"");
                }
                case END -> {
                    if (!ends.isEmpty()) {
                        throw new TemplateFault(begin.at(), "the template ends, and a tag is open; close it with "
                                + String.join(" or ", ends.stream().sorted().toList()));
                    }
                    return List.copyOf(all);
                }
                case OUTPUT_END, TAG_END, NAME, STRING, NUMBER,
                        OPERATOR -> throw new IllegalStateException(token.toString());
            }
        }
    }

    /** Reads the end of a tag, then the body up to a tag with one of the names. */
    List<Statement> bodyUpTo(String... ends) {
        tokens.takeOperator(":");
        tokens.expect(Token.Kind.TAG_END, "\"%}\"");
        return body(Set.of(ends));
    }

    /** The same, with the name taken. Enclosing loops are ignored, because the body is not executed in them: break and continue are errors. */
    List<Statement> detachedBody(String end) {
        int outer = loops;
        loops = 0;
        int conditions = names.conditional(0);
        List<Statement> body = bodyUpTo(end);
        names.conditional(conditions);
        loops = outer;
        tokens.expectName(end);
        return body;
    }

    private Expression tuple() {
        return expressions.postfix().tuple(expressions::expression, false, Set.of());
    }

    private List<Statement> statement() {
        Token tag = tokens.expect(Token.Kind.NAME, "the name of a tag");
        return switch (tag.text()) {
            case "if" -> List.of(conditional());
            case "for" -> List.of(loop(tag.at()));
            case "set" -> List.of(set());
            case "macro" -> List.of(macros.macro(tag.at()));
            case "call" -> List.of(macros.call(tag.at()));
            case "filter" -> List.of(filterBlock());
            case "with" -> List.of(with());
            case "print" -> printed();
            case "generation" -> {
                generation = true;
                yield List.of(new Statement.Generation(detachedBody("endgeneration"), tag.at()));
            }
            case "break" -> List.of(inLoop(new Statement.Break(), tag));
            case "continue" -> List.of(inLoop(new Statement.Continue(), tag));
            default -> throw new TemplateFault(tag.at(),
                    "there is no tag " + tag.shown() + " here; known are " + KNOWN);
        };
    }

    private Statement inLoop(Statement statement, Token tag) {
        if (loops == 0) {
            throw new TemplateFault(tag.at(), tag.shown() + " is in no loop; put it between for and endfor");
        }
        return statement;
    }

    private List<Statement> closed(String end) {
        List<Statement> body = bodyUpTo(end);
        tokens.expectName(end);
        return body;
    }

    private Statement filterBlock() {
        int conditions = names.conditional(0);
        Statement block = new Statement.FilterBlock(expressions.postfix().filterChain(), closed("endfilter"));
        names.conditional(conditions);
        return block;
    }

    private Statement conditional() {
        int conditions = names.conditional(1);
        List<Branch> branches = new ArrayList<>();
        List<Statement> otherwise = List.of();
        String next = "elif";
        while (next.equals("elif")) {
            Expression test = expressions.postfix().tuple(() -> expressions.expression(false), false, Set.of());
            branches.add(new Branch(test, bodyUpTo("elif", "else", "endif")));
            next = tokens.take().text();
        }
        if (next.equals("else")) {
            otherwise = closed("endif");
        }
        names.conditional(conditions);
        return new Statement.If(List.copyOf(branches), otherwise);
    }

    private Statement loop(int at) {
        Target target = targets.read(Set.of("in"), false);
        tokens.expectName("in");
        Expression items = expressions.postfix().tuple(() -> expressions.expression(false), false,
                Set.of("recursive"));
        int conditions = names.conditional(0);
        Optional<Expression> test = tokens.takeName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        if (tokens.peek().isName("recursive")) {
            throw new TemplateFault(tokens.peek().at(),
                    "recursive loops are not supported; use a macro that calls itself");
        }
        loops++;
        List<Statement> body = bodyUpTo("endfor", "else");
        loops--;
        List<Statement> otherwise = tokens.take().text().equals("else") ? closed("endfor") : List.of();
        names.conditional(conditions);
        return new Statement.For(target, items, test, body, otherwise, at);
    }

    private Statement set() {
        Target target = targets.read(Set.of(), true);
        if (tokens.takeOperator("=")) {
            return new Statement.Set(target, tuple());
        }
        int conditions = names.conditional(0);
        Optional<Expression> filter = tokens.takeOperator("|") ? Optional.of(expressions.postfix().filterChain())
                : Optional.empty();
        Statement block = new Statement.SetBlock(target, filter, closed("endset"));
        names.conditional(conditions);
        return block;
    }

    private Statement with() {
        List<Target> variables = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.peek().kind() != Token.Kind.TAG_END) {
            if (!variables.isEmpty()) {
                tokens.expectOperator(",");
            }
            variables.add(targets.read(Set.of(), false));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        int conditions = names.conditional(0);
        Statement block = new Statement.With(List.copyOf(variables), List.copyOf(values), closed("endwith"));
        names.conditional(conditions);
        return block;
    }

    private List<Statement> printed() {
        List<Statement> outputs = new ArrayList<>();
        while (tokens.peek().kind() != Token.Kind.TAG_END) {
            if (!outputs.isEmpty()) {
                tokens.expectOperator(",");
            }
            outputs.add(new Statement.Output(expressions.expression()));
        }
        return outputs;
    }
}
