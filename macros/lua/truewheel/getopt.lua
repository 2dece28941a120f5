-- Reads the arguments of macros as the commands that they run do.
local getopt = {}

-- The options of each command: a slash joins the names of one option, "=" says that it takes a value.
getopt.options = {
  ["check-import"] = [[
    --exclude/-e= --json --modules/-f= --prefix= --python= --quiet/-q --root/--destdir/-d= --scheme=
    --top-level-only/-t --verbose/-v
  ]],
  ["files"] = [[
    --allow-no-modules/-M --assert-license/-l --auto/-a --bytecode= --dist-name/-D= --format= --json
    --modules= --no-assert-license/-L --output= --report-file= --root/--destdir/-d=
    --rpm-version=
  ]],
  ["requires-build"] = [[
    --config-settings/-C= --dep-overrides-file= --dependency-groups/-g= --directory/-d= --extras/-x=
    --generate-extras --json --map-build-path/--no-map-build-path --no-runtime/-R --no-use-build-system/-N
    --no-wheel/-W --output= --pyproject-dependencies/-p --python= --python3-pkgversion= --runtime/-r --tox/-t
    --toxenv/-e= --wheel/-w --wheeldir=
  ]],
  ["wheel"] = [[
    --config-settings/-C= --directory/-d= --map-build-path/--no-map-build-path --outdir= --python=
    --skip-dependency-check
  ]],
}
-- options that macros have and their commands have not
getopt.added = {
  ["check-import"] = "--dist-name/-D=",
  ["extras-subpkg"] = "-a -A --dist-name/-D= -F -f= -i= -n= -v=",
  ["tox"] = "--toxenv/-e=",
}
-- an option, and those that it contradicts
getopt.conflicts = {
  ["requires-build"] = {
    { "--no-runtime", "--runtime --extras --tox --toxenv --pyproject-dependencies --wheel" },
    {
      "--no-use-build-system",
      "--runtime --extras --tox --toxenv --pyproject-dependencies --wheel --config-settings",
    },
    { "--pyproject-dependencies", "--wheel" },
  },
}

local function index(command)
  local known = {}
  local listed = (getopt.options[command] or "") .. " " .. (getopt.added[command] or "")
  for names, value in listed:gmatch("([^%s=]+)(=?)") do
    local first = names:match("[^/]+")
    for name in names:gmatch("[^/]+") do known[name] = { name = first, valued = value == "=" } end
  end
  return known
end

-- The position behind the part of a word at `position`: quoted text, a substitution or one character.
local function behind(line, position)
  local rest = line:sub(position)
  for _, pattern in ipairs({ "^\\.", "^'[^']*'", '^"[^"\\]*"', "^`[^`]*`", "^%$%b()", "^%${[^}]*}" }) do
    local _, last = rest:find(pattern)
    if last then return position + last end
  end
  if rest:match('^"') then
    local last = rest:gsub("\\.", "xx"):find('"', 2, true)
    return last and position + last or #line + 1
  end
  return position + 1
end

-- The words of a line as the shell splits it, and the rest of the line from an operator or a comment on. Each
-- has its text and its meaning, that is without quotes; a word that the shell would expand is marked.
function getopt.words(line)
  local words, position = {}, line:find("%S")
  while position do
    if line:find("^[|&;<>()#]", position) or line:find("^%d+[<>]", position) then break end
    local start = position
    while position <= #line and not line:find("^[%s|&;<>()]", position) do
      position = behind(line, position)
    end
    local text = line:sub(start, position - 1)
    local meaning = text:gsub("\\(.)", "%1"):gsub("['\"]", "")
    words[#words + 1] = { text = text, meaning = meaning, expanded = text:find("[$`]") ~= nil }
    position = line:find("%S", position)
  end
  return words, position and line:sub(position) or ""
end

local function found_as(text, option)
  return { text = text, option = option and option.name, valued = option and option.valued }
end

-- The options of a cluster of short ones, such as -lDfoo.
local function cluster(known, word)
  local items, rest = {}, word.meaning:sub(2)
  while rest ~= "" do
    local option = known["-" .. rest:sub(1, 1)]
    local item = found_as("-" .. rest:sub(1, 1), option)
    items[#items + 1], rest = item, rest:sub(2)
    if not option then item.fault = "unknown option " .. item.text end
    if item.valued and rest ~= "" then
      item.text, item.value, rest = item.text .. rest, rest:gsub("^=", ""), ""
    end
  end
  return items
end

local function long(known, word)
  local name, value = word.meaning:match("^(%-%-[^=]+)=?(.*)")
  local option = known[name]
  local item = found_as(word.text, option)
  if not option then
    item.fault = "unknown option " .. name
  elseif word.meaning:find("=", 1, true) then
    item.value = value
    if not option.valued then item.fault = name .. " takes no value" end
  end
  return { item }
end

-- The arguments of a command in a line: the text of each, and of an option its first name, value and fault.
-- The words behind "--" are no options. Returns the rest of the line, too.
function getopt.parse(command, line)
  local known, items, wanting, ended = index(command), {}, nil, false
  local words, rest = getopt.words(line)
  for _, word in ipairs(words) do
    if wanting then
      wanting.text, wanting.value, wanting = wanting.text .. " " .. word.text, word.meaning, nil
    elseif ended or not word.meaning:match("^%-.") then
      items[#items + 1] = { text = word.text, behind = ended }
    elseif word.meaning == "--" then
      ended = true
      items[#items + 1] = { text = word.text, ends = true }
    else
      local found = (word.meaning:match("^%-%-") and long or cluster)(known, word)
      if word.expanded and found[#found].fault then found = { { text = word.text } } end
      for _, item in ipairs(found) do items[#items + 1] = item end
      local last = found[#found]
      if last.valued and not last.value then wanting = last end
    end
  end
  if wanting then wanting.fault = wanting.text .. " wants a value" end
  return items, rest
end

-- The values of an option, in their order.
function getopt.values(command, option, line)
  local values = {}
  for _, item in ipairs((getopt.parse(command, line))) do
    if item.option == option and item.value then values[#values + 1] = item.value end
  end
  return values
end

-- The line without an option and its values.
function getopt.without(command, option, line)
  local kept = {}
  local items, rest = getopt.parse(command, line)
  for _, item in ipairs(items) do
    if item.option ~= option then kept[#kept + 1] = item.text end
  end
  kept[#kept + 1] = rest ~= "" and rest or nil
  return table.concat(kept, " ")
end

-- The first fault of the options in a line, or nil.
function getopt.fault(command, line)
  local given = {}
  for _, item in ipairs((getopt.parse(command, line))) do
    if item.fault then return item.fault end
    if item.option then given[item.option] = true end
  end
  for _, conflict in ipairs(getopt.conflicts[command] or {}) do
    local option, others = conflict[1], conflict[2]
    for other in (given[option] and others or ""):gmatch("%S+") do
      if given[other] then return option .. " and " .. other .. " contradict each other" end
    end
  end
end

return getopt
