"""Real clients: pygls' (by pytest-lsp), which takes every answer apart by the specification's types, and Neovim."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from conftest import REPOSITORY
from lsp.documents import LONG_SCRIPT, MANIFEST

SAGESPEC = [sys.executable, "-m", "sagespec", "lsp"]
WHOLE = MANIFEST + "hyperparameters: {optimizer: adam}\nchannels: {train: s3://bucket/train}\nmax_run: 5400\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(LONG_SCRIPT)
    (tmp_path / "mnist.yaml").write_text(WHOLE)
    return tmp_path


def with_client(folder: Path, use: Callable[[Any], Awaitable[None]]) -> None:
    """Runs a conversation with a server in a process of its own."""
    from pytest_lsp import client_capabilities, make_test_lsp_client

    async def conversation() -> None:
        client = make_test_lsp_client()
        await client.start_io(*SAGESPEC, env={**os.environ, "SAGESPEC_ENV": ""})
        try:
            await client.initialize_session(
                types.InitializeParams(
                    capabilities=client_capabilities("visual-studio-code"),
                    workspace_folders=[types.WorkspaceFolder(uri=folder.as_uri(), name="jobs")],
                )
            )
            await use(client)
            await client.shutdown_session()
        finally:
            if client._server is not None and client._server.returncode is None:
                client._server.kill()
            await client.stop()

    asyncio.run(asyncio.wait_for(conversation(), 60))


def test_every_answer_has_the_types_of_the_specification(folder: Path) -> None:
    uri = (folder / "mnist.yaml").as_uri()
    wrong = WHOLE.replace("instance_type", "train_instance_type") + "volume_size: 10000\n"

    async def use(client: Any) -> None:
        document = types.TextDocumentIdentifier(uri=uri)
        item = types.TextDocumentItem(uri=uri, language_id="yaml", version=1, text=wrong)
        client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
        while {found.code for found in client.diagnostics.get(uri, [])} != {"renamed-field"}:
            await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        assert client.diagnostics[uri][0].code_description.href.startswith("https://")

        start = types.Position(line=0, character=0)
        whole = types.Range(start=start, end=types.Position(line=20, character=0))
        asked = types.CodeActionParams(
            text_document=document, range=whole, context=types.CodeActionContext(diagnostics=[])
        )
        actions = await client.text_document_code_action_async(asked)
        fix = next(each for each in actions if each.title.startswith("Replace train_instance_type"))
        (edit,) = fix.edit.changes[uri]
        changed = types.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text)
        version = types.VersionedTextDocumentIdentifier(uri=uri, version=2)
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=version, content_changes=[changed])
        )
        while {found.code for found in client.diagnostics[uri]} != {"volume-over-quota"}:
            await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

        at = types.Position(line=7, character=17)
        hover = await client.text_document_hover_async(types.HoverParams(text_document=document, position=at))
        assert "ml.m5.xlarge: 4 vCPU, 16 GB" in hover.contents.value
        offered = await client.text_document_completion_async(
            types.CompletionParams(text_document=document, position=at)
        )
        assert "ml.m5.xlarge" in {each.label for each in offered.items}
        there = await client.text_document_definition_async(
            types.DefinitionParams(text_document=document, position=types.Position(line=9, character=20))
        )
        assert [each.uri for each in there] == [(folder / "train.py").as_uri()]
        hints = await client.text_document_inlay_hint_async(types.InlayHintParams(text_document=document, range=whole))
        assert "= 1 h 30 min" in {each.label for each in hints}
        lenses = await client.text_document_code_lens_async(types.CodeLensParams(text_document=document))
        symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(text_document=document))
        folds = await client.text_document_folding_range_async(types.FoldingRangeParams(text_document=document))
        links = await client.text_document_document_link_async(types.DocumentLinkParams(text_document=document))
        found = await client.workspace_symbol_async(types.WorkspaceSymbolParams(query="mni"))
        edits = await client.text_document_rename_async(
            types.RenameParams(
                text_document=document, position=types.Position(line=9, character=20), new_name="algorithm"
            )
        )
        assert [lenses[-1].command.title, symbols[0].name, found[0].name] == ["show the request", "mnist", "mnist"]
        assert (len(folds), len(links), len(edits.changes)) == (1, 1, 2)
        request = await client.workspace_execute_command_async(
            types.ExecuteCommandParams(command="sagespec.showRequest", arguments=[uri])
        )
        assert json.loads(request["text"])["RoleArn"].endswith("SageMakerRole")

    with_client(folder, use)


def test_every_capability_that_is_announced_is_answered() -> None:
    from sagespec.lsp.features.commands import COMMANDS as KNOWN
    from sagespec.lsp.features.table import FEATURES
    from sagespec.lsp.protocol.capabilities import COMMANDS, capabilities

    said = types.ServerCapabilities()
    assert said is not None
    methods = {
        "completionProvider": "textDocument/completion",
        "hoverProvider": "textDocument/hover",
        "codeActionProvider": "textDocument/codeAction",
        "definitionProvider": "textDocument/definition",
        "referencesProvider": "textDocument/references",
        "documentLinkProvider": "textDocument/documentLink",
        "inlayHintProvider": "textDocument/inlayHint",
        "codeLensProvider": "textDocument/codeLens",
        "documentSymbolProvider": "textDocument/documentSymbol",
        "workspaceSymbolProvider": "workspace/symbol",
        "foldingRangeProvider": "textDocument/foldingRange",
        "renameProvider": "textDocument/rename",
        "executeCommandProvider": "workspace/executeCommand",
    }
    announced = {name for name in capabilities() if name.endswith("Provider")}
    assert announced == set(methods)
    assert set(FEATURES) == {*methods.values(), "textDocument/prepareRename"}
    assert set(COMMANDS) == set(KNOWN)


NEOVIM = """
local root, cmd, result = vim.env.ROOT, vim.fn.json_decode(vim.env.CMD), {}
local function finish(why)
  result.failed = why
  vim.fn.writefile({ vim.fn.json_encode(result) }, vim.env.RESULT)
  vim.cmd("qa!")
end
local function await(what, test)
  if not vim.wait(60000, test, 10) then finish(what) end
end
local ok, wrong = pcall(function()
  vim.o.hidden = true
  vim.cmd("edit " .. root .. "/mnist.yaml")
  vim.bo.filetype = "yaml"
  local id = vim.lsp.start_client({ name = "sagespec", cmd = cmd, root_dir = root })
  await("start", function() return vim.lsp.get_client_by_id(id) ~= nil end)
  vim.lsp.buf_attach_client(0, id)
  local function said()
    return vim.tbl_map(function(each) return { each.lnum, each.col, each.code or each.user_data.lsp.code } end,
      vim.diagnostic.get(0))
  end
  await("diagnostics", function() return #said() == 2 end)
  result.diagnostics = said()
  local client = vim.lsp.get_client_by_id(id)
  local function ask(method, params)
    local answer = client.request_sync(method, params, 60000, 0)
    if answer == nil or answer.err then finish(method .. vim.inspect(answer)) end
    return answer.result
  end
  vim.api.nvim_win_set_cursor(0, { 8, 3 })
  local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
  params.context = { diagnostics = {} }
  for _, action in ipairs(ask("textDocument/codeAction", params)) do
    if action.isPreferred then vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding) end
  end
  await("the fix", function() return #said() == 1 end)
  result.fixed = vim.api.nvim_buf_get_lines(0, 7, 8, false)[1]
  vim.api.nvim_win_set_cursor(0, { 8, 17 })
  result.hover = ask("textDocument/hover", vim.lsp.util.make_position_params(0, client.offset_encoding)).contents.value
  vim.api.nvim_buf_set_lines(0, -1, -1, false, { "input_mode: " })
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(0), 12 })
  local position = vim.lsp.util.make_position_params(0, client.offset_encoding)
  position.position.character = 12
  for _ = 1, 400 do -- Neovim gathers changes for a moment before it tells of them
    result.completed = vim.tbl_map(function(item) return item.label end, ask("textDocument/completion", position).items)
    if #result.completed == 3 then break end
    vim.wait(50, function() return false end)
  end
  vim.api.nvim_buf_set_lines(0, -2, -1, false, { "input_mode: Pipe" })
  vim.cmd("silent write")
  client.stop()
  await("the end", function() return client.is_stopped() end)
end)
finish(not ok and tostring(wrong) or nil)
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed; .ci/run does it where it can")
def test_neovim_shows_fixes_completes_and_hovers(folder: Path, tmp_path: Path) -> None:
    text = WHOLE.replace("instance_type", "train_instance_type") + 'tags: {"ééé🚀": a, b: 1}\n'
    (folder / "mnist.yaml").write_text(text)
    script = tmp_path / "drive.lua"
    script.write_text(NEOVIM)
    result = tmp_path / "result.json"
    environ = {**os.environ, "ROOT": str(folder), "CMD": json.dumps(SAGESPEC), "RESULT": str(result)}
    environ |= {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_DATA_HOME": str(tmp_path / "data")}
    words = ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"]
    ran = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=300)
    assert result.exists(), ran.stderr
    seen = json.loads(result.read_text())
    assert "failed" not in seen, seen
    lines = text.splitlines()
    assert [each[:3] for each in sorted(seen["diagnostics"])] == [
        [7, 0, "renamed-field"],
        [12, len(lines[12][: lines[12].index("1}")].encode()), "wrong-type"],  # Neovim itself counts bytes
    ]
    assert seen["fixed"] == "instance_type: ml.m5.xlarge"
    assert "ml.m5.xlarge: 4 vCPU, 16 GB" in seen["hover"]
    assert seen["completed"] == ["File", "Pipe", "FastFile"]
    assert (folder / "mnist.yaml").read_text().endswith("input_mode: Pipe\n")


DOCUMENTED = """
local result = {}
local function until_is(test) return vim.wait(60000, test, 10) end
local function codes() return vim.tbl_map(function(each) return each.code or each.user_data.lsp.code end,
  vim.diagnostic.get(0)) end
local ok, wrong = pcall(function()
  vim.o.hidden = true
  vim.cmd("filetype on")
  vim.cmd("edit serve.yaml")
  vim.cmd("edit inference.py")
  until_is(function() return #codes() > 0 end)
  result.wrong = codes()
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { "def handler(data, context):", "    return data.read(), 'text/csv'" })
  until_is(function() return #codes() == 0 end)
  result.mended, result.clients = codes(), #vim.lsp.get_active_clients()
  vim.cmd("edit serve.yaml")
  vim.api.nvim_buf_set_lines(0, -1, -1, false, { "tag" })
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(0), 3 })
  local position = vim.lsp.util.make_position_params()
  position.position.character = 3
  until_is(function()
    for _, each in pairs(vim.lsp.buf_request_sync(0, "textDocument/completion", position, 60000)) do
      result.words = vim.tbl_map(function(item) return item.word end,
        vim.lsp.util.text_document_completion_list_to_complete_items(each.result or {}, "tag"))
    end
    return #result.words > 0
  end)
end)
result.failed = not ok and tostring(wrong) or nil
vim.fn.writefile({ vim.fn.json_encode(result) }, vim.env.RESULT)
vim.cmd("qa!")
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed; .ci/run does it where it can")
def test_neovim_set_up_as_documented_has_one_server_for_manifest_and_script(folder: Path, tmp_path: Path) -> None:
    """Each buffer with a server of its own would be shown what is out of date in the others."""
    page = (REPOSITORY / "docs" / "editors.md").read_text(encoding="utf-8")
    setup = page.partition("0.7 on")[2].partition("```lua\n")[2].partition("```")[0]
    (folder / "serve.yaml").write_text(
        "apiVersion: sagespec/v1\nkind: Endpoint\nname: serve\nrole: arn:aws:iam::123456789012:role/Role\n"
        'region: us-west-2\nmodel_data: s3://bucket/model.tar.gz\nframework_version: "2.19"\n'
        "instance_type: ml.m5.xlarge\ninitial_instance_count: 1\nentry_point: inference.py\n"
    )
    (folder / "inference.py").write_text("import json\n")
    (tmp_path / "init.lua").write_text(setup.replace('"sagespec", "lsp"', ", ".join(map(json.dumps, SAGESPEC))))
    (tmp_path / "drive.lua").write_text(DOCUMENTED)
    result = tmp_path / "result.json"
    environ = {**os.environ, "RESULT": str(result), "XDG_STATE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    words = ["nvim", "--headless", "-u", str(tmp_path / "init.lua"), "-i", "NONE", "-n"]
    words += ["-c", f"luafile {tmp_path / 'drive.lua'}"]
    ran = subprocess.run(words, env=environ, cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.exists(), ran.stderr
    assert json.loads(result.read_text()) == {
        "wrong": ["handlers-missing"],
        "mended": [],
        "clients": 1,
        "words": ["tags:"],
    }
