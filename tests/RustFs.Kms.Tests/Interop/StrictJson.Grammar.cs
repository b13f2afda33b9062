namespace RustFs.Kms.Tests.Interop;

/// <content>Where a value ends.</content>
internal readonly partial struct StrictJson
{
    private static int SkipSpace(byte[] bytes, int position)
    {
        while (position < bytes.Length && bytes[position] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
        {
            position++;
        }

        return position;
    }

    // No recursion: serde_json passes over an ignored value of any depth.
    private static int SkipValue(byte[] bytes, int position)
    {
        var open = new Stack<byte>();
        while (true)
        {
            byte first = At(bytes, position);
            bool opened = first is (byte)'[' or (byte)'{';
            if (opened)
            {
                open.Push(first);
                position = SkipSpace(bytes, position + 1);
                byte close = first == (byte)'[' ? (byte)']' : (byte)'}';
                if (At(bytes, position) == close)
                {
                    open.Pop();
                    position++;
                    opened = false;
                }
            }
            else
            {
                position = SkipScalar(bytes, position);
            }

            while (!opened && open.Count > 0)
            {
                position = SkipSpace(bytes, position);
                byte next = At(bytes, position++);
                if (next == (byte)',')
                {
                    position = SkipSpace(bytes, position);
                    opened = true;
                }
                else if (next == (open.Peek() == (byte)'[' ? (byte)']' : (byte)'}'))
                {
                    open.Pop();
                }
                else
                {
                    throw new StrictJsonException($"expected `,` or the end of the container at {position - 1}");
                }
            }

            if (open.Count == 0)
            {
                return position;
            }

            if (open.Peek() == (byte)'{')
            {
                if (At(bytes, position) != (byte)'"')
                {
                    throw new StrictJsonException($"key must be a string at {position}");
                }

                position = SkipSpace(bytes, SkipScalar(bytes, position));
                if (At(bytes, position) != (byte)':')
                {
                    throw new StrictJsonException($"expected `:` at {position}");
                }

                position = SkipSpace(bytes, position + 1);
            }
        }
    }

    private static int SkipScalar(byte[] bytes, int position)
    {
        return bytes[position] switch
        {
            (byte)'"' => SkipText(bytes, position + 1),
            (byte)'n' => SkipWord(bytes, position, "null"u8),
            (byte)'t' => SkipWord(bytes, position, "true"u8),
            (byte)'f' => SkipWord(bytes, position, "false"u8),
            _ => SkipNumber(bytes, position),
        };
    }

    private static int SkipWord(byte[] bytes, int position, ReadOnlySpan<byte> word)
    {
        return bytes.AsSpan(position).StartsWith(word)
            ? position + word.Length
            : throw new StrictJsonException($"expected ident at {position}");
    }

    private static int SkipText(byte[] bytes, int position)
    {
        while (true)
        {
            byte next = At(bytes, position++);
            if (next == (byte)'"')
            {
                return position;
            }

            if (next < 0x20)
            {
                throw new StrictJsonException("control character while parsing a string");
            }

            if (next != (byte)'\\')
            {
                continue;
            }

            byte escape = At(bytes, position++);
            if (escape == (byte)'u')
            {
                for (int digit = 0; digit < 4; digit++)
                {
                    if (!char.IsAsciiHexDigit((char)At(bytes, position++)))
                    {
                        throw new StrictJsonException("invalid escape");
                    }
                }
            }
            else if (!"\"\\/bfnrt"u8.Contains(escape))
            {
                throw new StrictJsonException("invalid escape");
            }
        }
    }

    private static int SkipNumber(byte[] bytes, int position)
    {
        position += bytes[position] == (byte)'-' ? 1 : 0;
        int digits = position;
        position = SkipDigits(bytes, position);
        if (bytes[digits] == (byte)'0' && position > digits + 1)
        {
            throw new StrictJsonException("invalid number: leading zero");
        }

        if (position < bytes.Length && bytes[position] == (byte)'.')
        {
            position = SkipDigits(bytes, position + 1);
        }

        if (position < bytes.Length && bytes[position] is (byte)'e' or (byte)'E')
        {
            position++;
            position += At(bytes, position) is (byte)'+' or (byte)'-' ? 1 : 0;
            position = SkipDigits(bytes, position);
        }

        return position;
    }

    private static int SkipDigits(byte[] bytes, int position)
    {
        int start = position;
        while (position < bytes.Length && bytes[position] is >= (byte)'0' and <= (byte)'9')
        {
            position++;
        }

        return position > start ? position : throw new StrictJsonException($"expected value at {position}");
    }

    private static byte At(byte[] bytes, int position)
    {
        return position < bytes.Length ? bytes[position] : throw new StrictJsonException("EOF while parsing");
    }
}
