package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.syntax.Expression.Arguments;
import io.moe4j.chattemplate.syntax.Expression.Attribute;
import io.moe4j.chattemplate.syntax.Expression.Call;
import io.moe4j.chattemplate.syntax.Expression.DictOf;
import io.moe4j.chattemplate.syntax.Expression.Filter;
import io.moe4j.chattemplate.syntax.Expression.Item;
import io.moe4j.chattemplate.syntax.Expression.ListOf;
import io.moe4j.chattemplate.syntax.Expression.Literal;
import io.moe4j.chattemplate.syntax.Expression.Name;
import io.moe4j.chattemplate.syntax.Expression.Pair;
import io.moe4j.chattemplate.syntax.Expression.Slice;
import io.moe4j.chattemplate.syntax.Expression.Test;
import io.moe4j.chattemplate.syntax.Expression.TupleOf;
import io.moe4j.chattemplate.syntax.Expression.Unary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Reads values, and what follows a value: attributes, items, calls, filters and tests. */
final class PostfixParser {
    private static final Set<String> NO_ARGUMENT = Set.of("else", "or", "and", "is");
    private static final Set<String> OPENINGS = Set.of("(", "[", "{");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private final ArgumentsParser arguments;
    private final Names names;

    PostfixParser(TokenStream tokens, ExpressionParser expressions, Names names) {
        this.tokens = tokens;
        this.expressions = expressions;
        this.names = names;
        arguments = new ArgumentsParser(tokens, expressions);
    }

    /** A value: a literal, a name, or an expression in brackets. */
    Expression primary() {
        Token token = tokens.take();
        return switch (token.kind()) {
            case NAME -> named(token);
            case NUMBER -> new Literal(token.value(), token.at());
            case STRING -> string(token);
            case OPERATOR -> switch (token.text()) {
                case "(" -> {
                    Expression inside = tuple(expressions::expression, true, Set.of(")"));
                    tokens.expectOperator(")");
                    yield inside;
                }
                case "[" -> new ListOf(listed("]", expressions::expression), token.at());
                case "{" -> new DictOf(listed("}", this::pair), token.at());
                default -> throw unexpected(token);
            };
            case TEXT, OUTPUT_BEGIN, OUTPUT_END, TAG_BEGIN, TAG_END, END -> throw unexpected(token);
        };
    }

    private static TemplateFault unexpected(Token token) {
        return new TemplateFault(token.at(), "a value is expected here, not " + token.shown()
                + "; write a name, a number, a string, or brackets");
    }

    private static Expression named(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Literal(true, token.at());
            case "false", "False" -> new Literal(false, token.at());
            case "none", "None" -> new Literal(None.NONE, token.at());
            default -> new Name(token.text(), token.at());
        };
    }

    /** Adjacent strings are joined. */
    private Expression string(Token token) {
        StringBuilder all = new StringBuilder((String) token.value());
        while (tokens.peek().kind() == Token.Kind.STRING) {
            all.append((String) tokens.take().value());
        }
        return new Literal(all.toString(), token.at());
    }

    private Pair pair() {
        Expression key = expressions.expression();
        tokens.expectOperator(":");
        return new Pair(key, expressions.expression());
    }

    /** Elements separated by commas, up to and including the closing bracket. A comma may follow the last element. */
    private <T> List<T> listed(String end, Supplier<T> element) {
        List<T> all = new ArrayList<>();
        while (!tokens.peek().isOperator(end)) {
            if (!all.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.peek().isOperator(end)) {
                    break;
                }
            }
            all.add(element.get());
        }
        tokens.expectOperator(end);
        return List.copyOf(all);
    }

    /**
     * One expression, or a tuple of several between commas.
     *
     * @param empty whether there may be none
     * @param ends tokens that end a tuple after a comma, in addition to the end of the tag
     */
    Expression tuple(Supplier<Expression> element, boolean empty, Set<String> ends) {
        int at = tokens.peek().at();
        List<Expression> items = new ArrayList<>();
        boolean several = false;
        while (!isTupleEnd(ends)) {
            items.add(element.get());
            if (!tokens.takeOperator(",")) {
                break;
            }
            several = true;
        }
        if (!several && items.size() == 1) {
            return items.getFirst();
        }
        if (!several && !empty) {
            throw unexpected(tokens.peek());
        }
        return new TupleOf(List.copyOf(items), at);
    }

    private boolean isTupleEnd(Set<String> ends) {
        Token token = tokens.peek();
        return token.kind() == Token.Kind.OUTPUT_END || token.kind() == Token.Kind.TAG_END || token.isOperator(")")
                || (token.kind() == Token.Kind.NAME && ends.contains(token.text()));
    }

    /** Attributes, items and calls after a value. */
    Expression subscripts(Expression value) {
        Expression read = value;
        while (true) {
            Token token = tokens.peek();
            if (tokens.takeOperator(".")) {
                read = dotted(read, token.at());
            } else if (tokens.takeOperator("[")) {
                read = new Item(read, key(token), token.at());
            } else if (token.isOperator("(")) {
                read = new Call(read, arguments.read(), token.at());
            } else {
                return read;
            }
        }
    }

    private Expression dotted(Expression of, int at) {
        Token token = tokens.take();
        if (token.kind() == Token.Kind.NAME) {
            return new Attribute(of, token.text(), at);
        }
        if (token.kind() == Token.Kind.NUMBER && token.value() instanceof Long) {
            return new Item(of, new Literal(token.value(), token.at()), at);
        }
        throw new TemplateFault(token.at(), "after a dot there is a name or a number, not " + token.shown()
                + "; write message.content, or message[\"content\"]");
    }

    private Expression key(Token bracket) {
        List<Expression> keys = new ArrayList<>();
        while (!tokens.peek().isOperator("]")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
            }
            keys.add(sliceOrKey());
        }
        tokens.expectOperator("]");
        if (keys.size() > 1 && keys.stream().anyMatch(Slice.class::isInstance)) {
            throw new TemplateFault(bracket.at(), "a slice stands alone in its brackets; write value[1:3]");
        }
        return keys.size() == 1 ? keys.getFirst() : new TupleOf(List.copyOf(keys), bracket.at());
    }

    private Expression sliceOrKey() {
        int at = tokens.peek().at();
        Optional<Expression> from = tokens.peek().isOperator(":") ? Optional.empty()
                : Optional.of(expressions.expression());
        if (!tokens.takeOperator(":")) {
            return from.orElseThrow();
        }
        Optional<Expression> to = bound();
        Optional<Expression> step = tokens.takeOperator(":") ? bound() : Optional.empty();
        return new Slice(from, to, step, at);
    }

    private Optional<Expression> bound() {
        Token token = tokens.peek();
        boolean missing = token.isOperator(":") || token.isOperator("]") || token.isOperator(",");
        return missing ? Optional.empty() : Optional.of(expressions.expression());
    }

    /** Filters, tests and calls after a value. */
    Expression filters(Expression value) {
        Expression read = value;
        while (true) {
            Token token = tokens.peek();
            if (tokens.takeOperator("|")) {
                read = filter(Optional.of(read));
            } else if (tokens.takeName("is")) {
                read = test(read, token.at());
            } else if (token.isOperator("(")) {
                read = new Call(read, arguments.read(), token.at());
            } else {
                return read;
            }
        }
    }

    /** A filter after its bar, and those that follow it directly. */
    Expression filterChain() {
        Expression read = filter(Optional.empty());
        while (tokens.takeOperator("|")) {
            read = filter(Optional.of(read));
        }
        return read;
    }

    private Expression filter(Optional<Expression> of) {
        int at = tokens.peek().at();
        String name = dottedName();
        names.filter(name, at);
        return new Filter(of, name, tokens.peek().isOperator("(") ? arguments.read() : Arguments.NONE, at);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expectAnyName().text());
        while (tokens.takeOperator(".")) {
            name.append('.').append(tokens.expectAnyName().text());
        }
        return name.toString();
    }

    private Expression test(Expression of, int at) {
        boolean negated = tokens.takeName("not");
        String name = dottedName();
        names.test(name, at);
        Token next = tokens.peek();
        Arguments given = Arguments.NONE;
        if (next.isOperator("(")) {
            given = arguments.read();
        } else if (next.kind() == Token.Kind.STRING || next.kind() == Token.Kind.NUMBER
                || (next.kind() == Token.Kind.OPERATOR && OPENINGS.contains(next.text()))
                || (next.kind() == Token.Kind.NAME && !NO_ARGUMENT.contains(next.text()))) {
            given = new Arguments(List.of(subscripts(primary())), Map.of(), Optional.empty(),
                    Optional.empty());
        } else if (next.isName("is")) {
            throw new TemplateFault(next.at(), "a test cannot be tested; put the first one in brackets");
        }
        Expression test = new Test(of, name, given, at);
        return negated ? new Unary("not", test, at) : test;
    }
}
